"""What a person says: cancel, suspend, resume, retry, and edits of the spec, in every state."""

from __future__ import annotations

import pytest

from renderjob.api import State
from renderjob.core import Phase
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World


def running_job(**fields):
    world = World(spec(frames="1-20", chunks={"size": 2}, parallelism=3, **fields))
    world.step()
    world.end(world.running[0])
    world.step()
    return world


def failed_job():
    world = running_job(retries={"perChunk": 0, "onFailure": "Stop"})
    world.end(world.running[0], Phase.FAILED)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    return world


def test_cancel_stops_what_runs_keeps_what_is_rendered_and_ends_cancelled():
    world = running_job()
    world.edit(cancel=True)
    world.step()
    assert world.status.state is State.RUNNING
    assert all(r.stopping for r in world.running)
    world.end_stopping()
    world.step()
    assert world.status.state is State.CANCELLED
    assert world.status.frames.completed == "1-2"
    assert world.status.attempts.stopped == 3
    assert world.status.attempts.failed == 0


def test_frames_that_finish_while_a_cancel_is_under_way_are_kept():
    world = running_job()
    world.edit(cancel=True)
    world.step()
    world.end(world.running[0])
    world.end(world.running[0], Phase.FAILED, missing=world.running[0].attempt.frames - FrameSet.parse("5"))
    world.end_stopping()
    world.step()
    assert world.status.state is State.CANCELLED
    assert world.status.frames.completed == "1-5"


def test_a_cancel_taken_back_goes_on_with_what_is_missing():
    world = running_job()
    world.edit(cancel=True)
    world.step()
    world.end_stopping()
    world.step()
    world.edit(cancel=False)
    status = world.run()
    assert status.state is State.COMPLETED
    assert sum(len(f) for f in world.rendered) == 20


@pytest.mark.parametrize("moment", range(8))
def test_cancel_at_every_moment_ends_cancelled_or_was_too_late(moment):
    world = World(
        spec(
            frames="1-4",
            chunks={"size": 1},
            parallelism=1,
            merge={"template": {"spec": {"containers": [{"name": "m", "command": ["merge"]}]}}},
        )
    )
    for _ in range(moment):
        world.step()
        world.end_all()
    ended = world.status.state is State.COMPLETED
    world.edit(cancel=True)
    for _ in range(4):
        world.step()
        world.end_stopping()
    assert world.status.state is (State.COMPLETED if ended else State.CANCELLED)
    assert not world.attempts


@pytest.mark.parametrize("moment", range(8))
def test_of_a_job_that_is_being_deleted_nothing_starts_and_what_runs_is_stopped(moment):
    world = World(
        spec(
            frames="1-4",
            chunks={"size": 1},
            parallelism=1,
            merge={"template": {"spec": {"containers": [{"name": "m", "command": ["merge"]}]}}},
        )
    )
    for _ in range(moment):
        world.step()
        world.end_all()
    ended = world.status.state is State.COMPLETED
    begun = set(world.started_ids)
    world.extra["deleting"] = True
    for _ in range(4):
        world.step()
        world.end_stopping()
    assert world.started_ids == begun
    assert not world.attempts
    assert world.status.state is (State.COMPLETED if ended else State.CANCELLED)
    reasons = {c.reason for c in world.status.conditions}
    assert ended or "Deleted" in reasons


def test_a_deletion_wins_over_whatever_the_spec_says():
    world = running_job()
    world.extra["deleting"] = True
    for change in ({"suspend": True}, {"suspend": False}, {"cancel": True}, {"cancel": False}, {"retry": 1}):
        world.edit(**change)
        world.step()
        world.end_stopping()
        world.step()
        assert not world.running
    assert world.status.state is State.CANCELLED


def test_suspend_is_free_and_resume_goes_on():
    world = running_job()
    world.edit(suspend=True)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.SUSPENDED
    assert world.status.active == 0
    world.pass_time(1e6)
    world.step()
    assert not world.running
    world.edit(suspend=False)
    status = world.run()
    assert status.state is State.COMPLETED
    assert status.attempts.failed == 0
    assert status.attempts.stopped == 3


def test_a_suspended_job_can_be_cancelled():
    world = running_job()
    world.edit(suspend=True)
    world.step()
    world.end_stopping()
    world.step()
    world.edit(cancel=True)
    world.step()
    assert world.status.state is State.CANCELLED


def test_a_suspended_jobs_deadline_starts_again_when_it_is_resumed():
    world = running_job(timeouts={"job": "1h"})
    world.edit(suspend=True)
    world.step()
    world.end_stopping()
    world.step()
    world.pass_time(10_000)
    world.edit(suspend=False)
    world.step()
    assert world.status.state is State.RUNNING
    assert world.run().state is State.COMPLETED


def test_retry_runs_again_only_what_failed():
    world = failed_job()
    done = FrameSet.parse(world.status.frames.completed)
    world.rendered.clear()
    world.edit(retry=1)
    status = world.run()
    assert status.state is State.COMPLETED
    assert FrameSet.union_of(world.rendered) == FrameSet.parse("1-20") - done
    assert status.observed_retry == 1
    assert status.error == ""


def test_retry_of_a_running_job_gives_back_its_retries_at_once():
    world = World(spec(frames="1-2", chunks={"size": 2}, retries={"backoff": {"initial": "1h", "max": "1h"}}))
    world.step()
    world.end_all(Phase.FAILED)
    world.step()
    assert not world.running
    world.edit(retry=1)
    world.step()
    assert [r.attempt.number for r in world.running] == [1]


def test_retry_of_a_completed_job_with_tolerated_failures_renders_them():
    world = World(
        spec(
            frames="1-4",
            chunks={"size": 1},
            parallelism=4,
            retries={"perChunk": 0},
            tolerate={"failedFrames": 1},
        )
    )
    world.step()
    world.end(world.running[2], Phase.FAILED)
    world.end_all()
    world.step()
    assert world.status.state is State.COMPLETED
    world.edit(retry=1)
    world.step()
    assert world.status.state is State.RUNNING
    status = world.run()
    assert status.completed_frames == 4
    assert status.result.missing_frames == ""


def test_a_manifest_that_begins_with_a_retry_number_is_not_a_retry():
    world = World(spec(retry=5))
    world.step()
    assert world.status.observed_retry == 5
    assert "Retried" not in world.events


@pytest.mark.parametrize("field", ["cancel", "suspend"])
def test_terminal_states_are_stable(field):
    for world in (failed_job(), World(spec())):
        state = world.status.state if world.status.state.terminal else world.run().state
        world.step()
        world.edit(**{field: True})
        world.step()
        world.step()
        if state is State.COMPLETED or field == "cancel":
            assert world.status.state is state


def test_more_frames_render_only_the_new_ones():
    world = World(spec(frames="1-10"))
    world.run()
    world.rendered.clear()
    world.edit(frames="1-15")
    world.step()
    assert world.status.state is State.RUNNING
    assert world.status.progress == 66
    assert world.run().state is State.COMPLETED
    assert [str(f) for f in world.rendered] == ["11-15"]


def test_fewer_frames_stop_the_surplus():
    world = World(spec(frames="1-40", chunks={"size": 10}, parallelism=4))
    world.step()
    world.edit(frames="1-15")
    world.step()
    assert [str(r.attempt.frames) for r in world.running if r.stopping] == ["21-30", "31-40"]
    status = world.run()
    assert status.state is State.COMPLETED
    assert status.total_frames == 15


def test_another_command_renders_again_what_was_rendered_with_the_old_one():
    world = running_job()
    template = {"spec": {"containers": [{"name": "render", "command": ["other"]}]}}
    world.edit(template=template)
    world.step()
    assert world.status.completed_frames == 0
    assert all(r.stopping for r in world.running)
    world.end(world.running[0])  # it succeeded after all, but with the old command
    world.end_stopping()
    world.rendered.clear()
    status = world.run()
    assert status.state is State.COMPLETED
    assert FrameSet.union_of(world.rendered) == FrameSet.parse("1-20")
    assert status.attempts.failed == 0


def test_onedit_keep_keeps_what_is_rendered():
    world = running_job(onEdit="Keep")
    world.edit(template={"spec": {"containers": [{"name": "render", "command": ["other"]}]}})
    world.step()
    assert world.status.completed_frames == 2
    assert not any(r.stopping for r in world.running)


def test_more_memory_or_parallelism_renders_nothing_again():
    world = running_job()
    container = {"name": "render", "command": ["render"], "resources": {"limits": {"memory": "8Gi"}}}
    world.edit(template={"spec": {"containers": [container]}}, parallelism=9)
    world.step()
    assert world.status.completed_frames == 2
    assert len(world.running) == 9


def test_another_chunk_size_while_it_runs_counts_each_frame_once():
    world = World(spec(frames="1-50", chunks={"size": 10}, parallelism=2))
    world.step()
    world.edit(chunks={"size": 3})
    status = world.run()
    assert status.state is State.COMPLETED
    assert sum(len(f) for f in world.rendered) == 50
    assert FrameSet.union_of(world.rendered) == FrameSet.parse("1-50")


def test_frames_that_vanish_from_the_disk_are_rendered_again():
    world = World(spec(frames="1-10", output={"path": "/out", "file": "####.png"}))
    world.run()
    world.extra = {"lost": FrameSet.parse("4-5")}
    world.step()
    world.extra = {}
    assert world.status.completed_frames == 8
    world.rendered.clear()
    assert world.run().state is State.COMPLETED
    assert str(FrameSet.union_of(world.rendered)) == "4-5"


def test_frames_that_are_there_already_are_adopted_only_when_asked():
    for adopt, done in ((True, 5), (False, 0)):
        world = World(spec(frames="1-10", output={"path": "/out", "file": "####.png", "adopt": adopt}))
        world.extra = {"found": FrameSet.parse("1-5"), "looks": True}
        world.step()
        assert world.status.completed_frames == done
