"""The merge stage: after the frames, with retries of its own, and never at the frames' cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from renderjob.api import FailureClass, State, WaitReason
from renderjob.core import Kind, Phase
from renderjob.core.blocked import Blocked
from renderjob.core.merge_check import MAX_ATTEMPTS, PATIENCE
from renderjob.frames import EMPTY, FrameSet
from support.blocked import QUEUED
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
    assert world.events.count("MergeFailed") == 2, "the last attempt is told once, as the job's end"
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


def test_a_frame_that_was_rendered_after_the_merge_makes_it_stale():
    world = merging_job()
    world.run()
    world.extra = {"lost": FrameSet.parse("3")}
    world.step()
    world.extra = {}
    assert [str(r.attempt.frames) for r in world.running] == ["3"]
    assert world.status.result.merged == "/out/all.mp4"
    world.end_all()
    world.step()
    assert world.status.result.merged == "", "what is there is older than its frame 3"
    assert len(world.merging) == 1
    assert world.run().state is State.COMPLETED


def bad(world, frames, message="2 of 4 frames can't be merged"):
    world.end_all(Phase.FAILED, bad=FrameSet.parse(frames), answer=message)
    world.step()


def test_bad_frames_are_rendered_again_and_merged_again_at_the_cost_of_the_merges_retries():
    world = merging_job(retries={"perChunk": 0, "backoff": {"initial": "0s"}})
    bad(world, "2-3")
    assert world.status.completed_frames == 2
    assert world.status.merge.attempts == 1
    [failure] = world.status.failures
    assert (failure.frames, failure.failure_class) == ("2-3", FailureClass.DAMAGED)
    counts = world.status.attempts
    assert (counts.succeeded, counts.failed, counts.damaged) == (0, 2, 2), "both chunks had left one"
    assert failure.message == "2 of 4 frames can't be merged"
    assert {str(r.attempt.frames) for r in world.running} == {"2", "3"}
    assert not world.merging, "a merge of bad frames is not tried again before they are rendered"
    assert world.run().state is State.COMPLETED
    assert world.status.merge.attempts == 0
    assert world.status.attempts.succeeded == 2


def test_frames_that_stay_bad_fail_the_job_by_their_numbers():
    world = merging_job(merge={"retries": 1}, retries={"backoff": {"initial": "0s"}})
    for _ in range(2):
        bad(world, "3")
        world.end_all()
        world.step()
    assert world.status.state is State.FAILED
    assert world.status.frames.failed == "3"
    assert world.status.error == "1 frame failed: 3; last: 2 of 4 frames can't be merged"
    assert world.status.completed_frames == 3
    world.edit(retry=1)
    assert world.run().state is State.COMPLETED


def test_bad_frames_that_are_tolerated_are_left_out_of_the_merge():
    world = merging_job(merge={"retries": 0}, tolerate={"failedFrames": 1})
    bad(world, "3")
    assert [str(r.attempt.frames) for r in world.merging] == ["1-2,4"]
    assert world.run().state is State.COMPLETED


def test_a_bad_chunk_file_takes_all_frames_of_its_chunk():
    world = World(
        spec(
            frames="1-4",
            chunks={"size": 2},
            parallelism=2,
            merge={"ffmpeg": {"file": "all.mp4"}},
            output={"path": "/out", "chunkFile": "$(RENDER_START).mp4"},
            retries={"backoff": {"initial": "0s"}},
        )
    )
    world.extra = {"looks": True}
    world.step()
    world.end_all(missing=EMPTY)
    world.step()
    bad(world, "3")
    assert [str(r.attempt.frames) for r in world.running] == ["3-4"]


def test_a_merge_that_is_refused_is_not_tried_again_until_it_is_edited():
    world = merging_job()
    world.end_all(Phase.FAILED, refused=True, answer="a.mp4 and b.mp4 cannot be joined")
    world.step()
    world.step()
    assert world.status.state is State.FAILED
    assert world.status.error.endswith(
        "the merge failed once; every frame is kept, retry merges again: a.mp4 and b.mp4 cannot be joined"
    )
    world.rendered.clear()
    world.edit(merge=MERGE | {"output": "other.mp4"})
    world.step()
    assert len(world.merging) == 1
    assert world.run().state is State.COMPLETED
    assert not world.rendered


def checked_job(frames="1-8", **fields):
    fields = {"output": {"path": "/out", "file": "####.png"}} | fields
    world = World(
        spec(
            frames=frames,
            chunks={"size": 2},
            parallelism=1,
            merge={"ffmpeg": {"file": "all.mp4"}},
            retries={"backoff": {"initial": "0s"}},
            **fields,
        )
    )
    world.extra = {"looks": True}
    world.step()
    world.end_all(missing=EMPTY)
    world.step()
    return world


def test_the_first_frames_are_tried_as_soon_as_they_are_there():
    world = checked_job()
    [check] = world.checking
    assert str(check.attempt.frames) == "1-2"
    assert len(world.running) == 1, "the render goes on beside it"
    world.end(check)
    world.step()
    assert not world.checking
    assert world.run().state is State.COMPLETED
    assert world.events.count("Merged") == 1


def test_nothing_is_tried_where_nothing_could_be_saved():
    assert not checked_job("1-4").checking
    assert checked_job("1-6").checking
    template = World(spec(frames="1-8", chunks={"size": 2}, parallelism=1, merge=MERGE))
    template.step()
    template.end_all(missing=EMPTY)
    template.step()
    assert not template.checking


def test_what_can_not_be_merged_fails_the_job_before_the_rest_is_rendered():
    world = checked_job()
    words = "0001.exr has 2 layers and none that is called Combined"
    world.end(world.checking[0], Phase.FAILED, refused=True, answer=words)
    world.step()
    assert all(r.stopping for r in world.running)
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert words in world.status.error
    assert world.status.completed_frames == 2
    [reason] = {c.reason for c in world.status.conditions if c.type.value == "Failed"}
    assert reason == "MergeRefused"
    world.edit(merge={"ffmpeg": {"file": "all.mp4", "layer": "a"}})
    world.step()
    assert world.status.state is State.RUNNING
    assert len(world.checking) == 1
    assert world.run().state is State.COMPLETED


def test_a_check_that_says_nothing_is_tried_again_and_then_left_to_the_merge():
    world = checked_job()
    for _ in range(3):
        assert len(world.checking) == 1
        world.end(world.checking[0], Phase.FAILED, log="killed")
        world.step()
    assert not world.checking
    assert world.run().state is State.COMPLETED


def test_a_check_that_is_lost_is_tried_again():
    world = checked_job()
    world.end(world.checking[0], Phase.LOST)
    world.step()
    assert len(world.checking) == 1


def test_bad_frames_that_a_check_finds_are_rendered_again():
    world = checked_job()
    world.end(world.checking[0], Phase.FAILED, bad=FrameSet.parse("2"), answer="2 cannot be read")
    world.step()
    assert "2" not in world.status.frames.completed
    assert world.status.completed_frames == 1
    assert world.run().state is State.COMPLETED


def test_an_edit_of_what_is_rendered_stops_a_check_and_tries_anew():
    world = checked_job()
    world.edit(template={"spec": {"containers": [{"name": "render", "command": ["other"]}]}})
    world.step()
    assert all(r.stopping for r in world.checking)
    assert world.run().state is State.COMPLETED


IMAGE = Blocked(WaitReason.IMAGE_NAME, "InvalidImageName: no such image")


def ready(w):
    return next(c for c in w.status.conditions if c.type == "Ready")


@pytest.mark.parametrize("waiting", [QUEUED, IMAGE], ids=["queue", "image"])
def test_a_check_that_can_not_start_is_told_and_the_render_goes_on_without_it(waiting):
    world = checked_job()
    for number in range(1, MAX_ATTEMPTS + 1):
        [check] = world.checking
        check.seen = replace(check.seen, started_at=None, waiting=waiting, waiting_since=world.now)
        world.step()
        assert ready(world).reason == "Rendering"
        assert ready(world).message.endswith(
            f"; the pod that tries the merge with the first frames waits: {waiting.message}"
        )
        assert world.status.error == "", "nobody has to act on it"
        assert world.wake is not None and world.wake <= world.now + timedelta(seconds=PATIENCE)
        world.pass_time(PATIENCE)
        world.step()
        assert check.stopping, "it holds up verifications"
        world.end_stopping()
        world.step()
        assert world.events.count("MergeNote") == number
    world.pass_time(3600)
    world.step()
    assert not world.checking, "the merge itself has to tell"
    assert world.run().state is State.COMPLETED


def test_where_nothing_but_a_check_is_under_way_it_is_what_is_waited_for():
    world = checked_job()
    [check] = world.checking
    for running in world.running:
        world.end(running, Phase.FAILED)
    check.seen = replace(check.seen, started_at=None, waiting=QUEUED, waiting_since=world.now)
    world.edit(parallelism=0)
    world.step()
    assert ready(world).reason == "WaitingForPods"
