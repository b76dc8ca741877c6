"""Given a job that is made from another's frames, when these are there, then its own are rendered, and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from renderjob.api import State
from renderjob.core import Dependency
from renderjob.frames import EMPTY, FrameSet
from support.jobs import spec
from support.world import World


def other(completed: str = "", total: str = "1-20", state: State = State.RUNNING) -> Dependency:
    done = FrameSet.parse(completed) if completed else EMPTY
    return Dependency("render", state, done, FrameSet.parse(total))


def comp(seen: Dependency | None, frames: str = "Same", **fields) -> World:
    fields = {"frames": "1-20", "chunks": {"size": 5}, "parallelism": 10, **fields}
    world = World(spec(dependsOn=[{"name": "render", "frames": frames}], **fields))
    see(world, seen)
    return world


def see(world: World, *seen: Dependency | None) -> None:
    world.extra = {"dependencies": tuple(one for one in seen if one is not None)}


def running(world: World) -> list[str]:
    return [str(one.attempt.frames) for one in world.running]


def told(world: World) -> tuple[str, str, str]:
    reconciling = next(c for c in world.status.conditions if c.type.value == "Reconciling")
    return world.status.state.value, reconciling.reason, reconciling.message


def test_a_chunk_starts_when_all_its_frames_are_there():
    world = comp(other("1-7"))
    world.step()
    assert running(world) == ["1-5"]
    see(world, other("1-14,20"))
    world.step()
    assert running(world) == ["1-5", "6-10"]
    see(world, other("1-20", state=State.COMPLETED))
    assert world.run().state is State.COMPLETED


def test_what_is_waited_for_is_told_and_nothing_is_in_a_hurry():
    world = comp(other("1-3"))
    decision = world.step()
    assert decision.wake is None
    assert told(world) == (
        "Pending",
        "WaitingForFrames",
        "0 of 20 frames are rendered; waits for frames 4-20 of render: render is Running, with 3 of 20 frames",
    )
    assert world.status.error == ""


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, "there is no RenderJob render in this namespace yet (spec.dependsOn)"),
        (other(state=State.FAILED), "waits for frames 1-20 of render: render is Failed, with 0 of 20 frames"),
        (
            other("1-3", total="1-3"),
            "frames 4-20 will not be rendered by render, which does not ask for them",
        ),
    ],
)
def test_what_may_never_come_is_told_as_an_error(seen, words):
    world = comp(seen)
    world.step()
    assert world.status.state is State.PENDING
    assert world.status.error == words
    see(world, other("1-20", state=State.COMPLETED))
    assert world.run().state is State.COMPLETED
    assert world.status.error == ""


def test_all_waits_for_the_other_job_to_be_completed():
    world = comp(other("1-20", state=State.MERGING), frames="All")
    world.step()
    assert running(world) == []
    assert "waits for render to be Completed: render is Merging, with 20 of 20 frames" in told(world)[2]
    see(world, other("1-19", state=State.COMPLETED))
    assert world.run().state is State.COMPLETED


def test_frames_of_several_jobs_have_to_be_there_all():
    world = World(
        spec(frames="1-4", chunks={"size": 1}, parallelism=4, dependsOn=[{"name": "a"}, {"name": "b"}])
    )
    a = Dependency("a", State.RUNNING, FrameSet.parse("1-3"), FrameSet.parse("1-4"))
    b = Dependency("b", State.RUNNING, FrameSet.parse("2-4"), FrameSet.parse("1-4"))
    see(world, a, b)
    world.step()
    assert running(world) == ["2", "3"]


def test_what_runs_goes_on_and_no_retry_starts_when_frames_are_gone_again():
    world = comp(other("1-20"), retries={"perChunk": 1, "backoff": {"initial": "0s"}})
    world.step()
    see(world, other("6-20"))
    from renderjob.core import Phase

    world.end_all(Phase.FAILED)
    world.step()
    assert "1-5" not in running(world)
    see(world, other("1-20"))
    assert world.run().state is State.COMPLETED


@pytest.mark.parametrize("order", ["Sequential", "Bisect", "EndsFirst"])
def test_every_order_keeps_to_what_is_there(order):
    world = comp(other("1-10"), chunks={"size": 5, "order": order})
    world.step()
    assert running(world)
    assert all(FrameSet.parse(frames) <= FrameSet.parse("1-10") for frames in running(world))
    see(world, other("1-20"))
    assert world.run().state is State.COMPLETED


def test_a_frame_that_is_rendered_needs_the_other_job_no_more():
    world = comp(other("1-20"))
    world.run()
    see(world)
    world.step()
    assert world.status.state is State.COMPLETED


def revised(*revisions: tuple[int, str], completed: str = "1-20", uid: str = "u-1") -> Dependency:
    frames = tuple((number, FrameSet.parse(text)) for number, text in revisions)
    return Dependency(
        "render", State.RUNNING, FrameSet.parse(completed), FrameSet.parse("1-20"), uid=uid, revisions=frames
    )


def finished(**fields) -> World:
    world = comp(revised(), **fields)
    assert world.run().state is State.COMPLETED
    return world


def test_frames_whose_inputs_are_rendered_again_are_made_again_once_these_are_there():
    world = finished()
    see(world, revised((1, "7")))
    world.step()
    assert world.status.frames.completed == "1-6,8-20"
    assert running(world) == ["7"]
    assert world.run().state is State.COMPLETED


def test_until_the_inputs_are_there_again_they_are_waited_for():
    world = finished()
    see(world, revised((1, "7"), completed="1-6,8-20"))
    world.step()
    assert running(world) == []
    assert told(world)[1] == "WaitingForFrames"
    see(world, revised((1, "7")))
    assert world.run().state is State.COMPLETED


def test_what_is_taken_up_is_taken_up_once_however_often_it_is_seen():
    world = finished()
    see(world, revised((1, "7")))
    world.run()
    decision = world.step()
    assert world.status.state is State.COMPLETED
    assert not decision.actions
    see(world, revised((1, "7"), (2, "9-10")))
    world.step()
    assert running(world) == ["9-10"]


def test_revisions_that_nobody_saw_happen_are_taken_up_together():
    world = finished()
    see(world, revised((3, "2"), (4, "8")))
    world.step()
    assert world.status.frames.completed == "1,3-7,9-20"


def test_a_job_that_waits_for_all_of_another_is_made_again_whole():
    world = comp(revised(), frames="All")
    see(world, replace(revised(), state=State.COMPLETED))
    assert world.run().state is State.COMPLETED
    see(world, revised((1, "1"), completed="2-20"))
    world.step()
    assert world.status.frames.completed == ""
    assert running(world) == []


def test_what_runs_may_have_read_the_older_inputs_and_is_stopped():
    world = comp(revised(), parallelism=1)
    world.step()
    assert running(world) == ["1-5"]
    see(world, revised((1, "3")))
    world.step()
    assert all(one.stopping for one in world.running)
    world.end_stopping()
    assert world.run().state is State.COMPLETED


def test_a_job_that_was_deleted_and_made_anew_outdates_all():
    world = finished()
    see(world, revised(uid="u-2"))
    world.step()
    assert world.status.frames.completed == ""


def test_with_onedit_keep_they_are_kept_and_it_is_told():
    world = finished(onEdit="Keep")
    see(world, revised((1, "7")))
    decision = world.step()
    assert world.status.state is State.COMPLETED
    assert [(e.reason, e.message) for e in decision.events] == [
        ("InputsChanged", "frame 7 is kept, though inputs of render are rendered again (onEdit: Keep)")
    ]
    assert not world.step().events


def test_a_dependency_that_is_new_in_the_manifest_outdates_nothing():
    world = World(spec(frames="1-20", chunks={"size": 5}, parallelism=10))
    world.run()
    world.edit(dependsOn=[{"name": "render"}])
    see(world, revised((1, "7")))
    world.step()
    assert world.status.state is State.COMPLETED
