"""The merge stage: after the frames, with retries of its own, and never at the frames' cost."""

from __future__ import annotations

from renderjob.api import State
from renderjob.core import Kind, Phase
from support.jobs import spec
from support.world import World

MERGE = {"template": {"spec": {"containers": [{"name": "merge", "command": ["merge"]}]}}, "output": "all.mp4"}


def merging_job(**fields):
    merge = MERGE | fields.pop("merge", {})
    world = World(
        spec(frames="1-4", chunks={"size": 2}, parallelism=2, merge=merge, output={"path": "/out"}, **fields)
    )
    world.step()
    world.end_all()
    world.step()
    return world


def test_the_merge_starts_when_every_frame_is_there():
    world = merging_job()
    assert world.status.state is State.MERGING
    [merge] = world.merging
    assert merge.attempt.kind is Kind.MERGE
    assert str(merge.attempt.frames) == "1-4"
    assert world.status.active == 0
    assert world.status.progress == 99
    status = world.run()
    assert status.state is State.COMPLETED
    assert status.result.merged == "/out/all.mp4"


def test_a_failed_merge_loses_no_frame_and_is_retried_by_itself():
    world = merging_job(retries={"perChunk": 0, "backoff": {"initial": "0s"}})
    world.end_all(Phase.FAILED, log="no space left\n")
    world.step()
    assert world.status.completed_frames == 4
    assert len(world.merging) == 1
    assert world.status.attempts.failed == 0
    status = world.run()
    assert status.state is State.COMPLETED
    assert sum(len(f) for f in world.rendered) == 4


def test_a_merge_that_keeps_failing_fails_the_job_and_retry_only_merges():
    world = merging_job(merge={"retries": 1}, retries={"backoff": {"initial": "0s"}})
    for _ in range(2):
        world.end_all(Phase.FAILED, log="no space left\n")
        world.step()
    assert world.status.state is State.FAILED
    assert "no space left" in world.status.error
    assert world.status.completed_frames == 4
    world.edit(retry=1)
    world.step()
    assert len(world.merging) == 1
    assert not world.running
    assert world.run().state is State.COMPLETED


def test_more_frames_stop_a_running_merge_and_merge_again():
    world = merging_job()
    world.edit(frames="1-6")
    world.step()
    assert world.merging[0].stopping
    assert world.status.state in (State.RUNNING, State.MERGING)
    status = world.run()
    assert status.state is State.COMPLETED
    assert status.completed_frames == 6


def test_other_merge_settings_merge_again_and_render_nothing():
    world = merging_job()
    world.run()
    world.rendered.clear()
    world.edit(merge=MERGE | {"template": {"spec": {"containers": [{"name": "m", "command": ["other"]}]}}})
    world.step()
    assert world.status.state is State.MERGING
    assert world.run().state is State.COMPLETED
    assert not world.rendered


def test_tolerated_failures_are_left_out_of_the_merge():
    world = World(
        spec(
            frames="1-4",
            chunks={"size": 1},
            parallelism=4,
            retries={"perChunk": 0},
            tolerate={"failedFrames": 1},
            merge=MERGE,
        )
    )
    world.step()
    world.end(world.running[0], Phase.FAILED)
    world.end_all()
    world.step()
    assert str(world.merging[0].attempt.frames) == "2-4"
    assert world.run().state is State.COMPLETED


def test_suspend_stops_the_merge_for_free():
    world = merging_job(merge={"retries": 0})
    world.edit(suspend=True)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.SUSPENDED
    world.edit(suspend=False)
    assert world.run().state is State.COMPLETED


def test_a_merged_file_that_vanished_is_made_again():
    world = merging_job()
    world.run()
    world.extra = {"merge_lost": True}
    world.step()
    world.extra = {}
    assert world.status.state is State.MERGING
    assert world.run().state is State.COMPLETED


def test_a_merged_file_that_is_gone_is_made_again_although_somebody_retries_at_the_same_time():
    world = merging_job()
    world.run()
    world.extra = {"merge_lost": True}
    world.edit(retry=1)
    world.step()
    world.extra = {}
    assert len(world.merging) == 1
