"""What can't start is seen as waiting, told in the kubelet's words, and bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from renderjob.api import FailureClass, State
from renderjob.frames import FrameSet
from support.blocked import blocked_by
from support.jobs import spec
from support.world import World


def waiting(world, words):
    world.step()
    for running in world.running:
        running.seen = replace(
            running.seen, started_at=None, waiting=blocked_by(words), waiting_since=world.now
        )
    world.step()


def test_an_image_that_cant_be_pulled_fails_the_job_in_the_end():
    world = World(spec(frames="1-20", parallelism=2, timeouts={"start": "10m"}))
    waiting(world, 'ImagePullBackOff: Back-off pulling image "blender:44"')
    assert world.status.state is State.RUNNING
    assert 'Back-off pulling image "blender:44"' in world.status.conditions[0].message
    world.sleep_until_wake()
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert "timeouts.start" in world.status.error
    assert "blender:44" in world.status.error
    assert world.status.attempts.failed == 0
    assert world.status.attempts.config == 1
    [failure] = world.status.failures
    assert (failure.failure_class, failure.frames) == (FailureClass.CONFIG, "1-10")
    assert failure.message == 'ImagePullBackOff: Back-off pulling image "blender:44"'


@pytest.mark.parametrize(
    "words",
    [
        "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.",
        "Suspended: the Job is suspended; a queue such as Kueue has not admitted it yet",
    ],
)
def test_waiting_for_room_or_a_queue_is_no_failure(words):
    world = World(spec(frames="1-20", parallelism=2, timeouts={"start": "10m"}))
    waiting(world, words)
    world.pass_time(100_000)
    world.step()
    assert world.status.state is State.RUNNING
    assert words.split(":", maxsplit=1)[0] in world.status.conditions[0].message


NO_NODE = "Unschedulable: 0/5 nodes are available: 5 node(s) didn't match Pod's node affinity/selector."


def test_a_pool_that_scaled_to_nothing_after_frames_were_rendered_is_waited_for():
    """A spot pool without capacity for a night loses no job: a pod of this template has fitted a node."""
    world = World(spec(frames="1-20", parallelism=1, chunks={"size": 10}, timeouts={"start": "10m"}))
    world.step()
    world.end(world.running[0])
    waiting(world, NO_NODE)
    world.pass_time(100_000)
    world.step()
    assert world.status.state is State.RUNNING
    assert world.status.error == NO_NODE, "it may need somebody, and that is told"
    for running in world.running:
        running.seen = replace(running.seen, started_at=world.now, waiting=None)
    assert world.run().state is State.COMPLETED


def test_what_no_node_ever_fitted_fails_the_job_in_the_end():
    world = World(spec(frames="1-20", parallelism=1, timeouts={"start": "10m"}))
    waiting(world, NO_NODE)
    world.pass_time(601)
    world.step()
    assert "timeouts.start" in world.status.conditions[0].message


def test_a_pod_that_starts_in_time_is_left_alone():
    world = World(spec(frames="1-20", parallelism=2, timeouts={"start": "10m"}))
    waiting(world, "ImagePullBackOff: registry is away")
    world.pass_time(300)
    for running in world.running:
        running.seen = replace(running.seen, started_at=world.now, waiting=None)
    world.pass_time(1000)
    world.step()
    assert world.status.state is State.RUNNING
    assert world.run().state is State.COMPLETED


def test_what_could_not_start_is_made_anew_from_an_edited_template_for_free():
    world = World(spec(frames="1-20", parallelism=2, retries={"perChunk": 0}))
    waiting(world, "Unschedulable: 0/3 nodes are available: 3 didn't match Pod's node affinity/selector.")
    first = [running.attempt.id for running in world.running]
    world.running[0].seen = replace(world.running[0].seen, outdated=True)
    world.step()
    assert [running.stopping for running in world.running] == [True, False]
    world.end_stopping_with_nothing()
    world.step()
    assert [running.attempt.id for running in world.running] == [first[1], first[1] + 1]
    status = world.run()
    assert status.state is State.COMPLETED
    assert (status.attempts.stopped, status.attempts.failed) == (1, 0)


def test_what_waits_for_somebody_is_an_error_in_words_and_what_passes_is_none():
    world = World(spec(frames="1-20", parallelism=2))
    waiting(world, "ImagePullBackOff: no such image")
    assert world.status.error == "ImagePullBackOff: no such image"
    waiting(world, "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.")
    assert world.status.error == ""
    assert world.run().error == ""


PULL = "ErrImagePull: registry.example/renderjob:0.1.0: unauthorized"


def held_up(world: World, kind: str) -> None:
    world.step()
    for running in getattr(world, kind):
        running.seen = replace(
            running.seen, started_at=None, waiting=blocked_by(PULL), waiting_since=world.now
        )
    world.step()
    assert PULL in world.status.conditions[0].message
    assert world.status.error == PULL
    for running in getattr(world, kind):
        running.seen = replace(running.seen, started_at=world.now, waiting=None)
    assert world.run().state is State.COMPLETED
    assert world.status.error == ""


def test_a_verification_that_can_not_start_says_why():
    """It runs the operator's image in the RenderJob's namespace, which may have no secret to pull it with."""
    world = World(spec(frames="1-4", parallelism=1, output={"path": "/o", "file": "#.png"}))
    world.step()
    world.end_all()
    held_up(world, "verifying")


def test_a_merge_that_can_not_start_says_why():
    merge = {"ffmpeg": {"file": "film.mp4", "fps": 24}}
    world = World(spec(frames="1-4", parallelism=1, output={"path": "/o", "file": "#.png"}, merge=merge))
    world.step()
    world.end_all(missing=FrameSet())
    held_up(world, "merging")
