"""retries.onFailure: what becomes of the rest when more frames failed for good than are tolerated."""

from __future__ import annotations

from renderjob.api import State
from renderjob.core import Phase
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World

NO_WAIT = {"initial": "0s"}
SHOT = {"frames": "1-100", "chunks": {"size": 1}, "parallelism": 2}


def with_bad_frame_12(**fields):
    retries = {"perChunk": 0, "backoff": NO_WAIT} | fields.pop("retries", {})
    world = World(spec(**SHOT, retries=retries, **fields))
    for _ in range(500):
        world.step()
        world.end_stopping()
        if world.status.state.terminal and not world.attempts:
            return world
        for running in world.running:
            if 12 in running.attempt.frames:
                world.end(running, Phase.FAILED, log="frame 12: missing texture")
            else:
                world.end(running)
    raise AssertionError(world.status)


def test_one_bad_frame_of_a_hundred_costs_one_frame_and_the_job_fails_at_the_end():
    world = with_bad_frame_12()
    assert world.status.state is State.FAILED
    assert world.status.completed_frames == 99
    assert world.status.frames.failed == "12"
    assert world.status.error == "1 frame failed: 12; last: frame 12: missing texture"


def test_while_the_rest_is_rendered_the_job_says_what_will_come_of_it():
    world = with_bad_frame_12()
    [told] = {status.error for status in world.history if status.error and not status.state.terminal}
    assert told == (
        "1 frame failed for good: 12; the rest is rendered first, then the job fails (retries.onFailure: Continue)"
    )
    assert {status.state for status in world.history[:-1]} == {State.RUNNING}


def test_stop_fails_at_once_and_stops_what_runs():
    world = with_bad_frame_12(retries={"perChunk": 0, "onFailure": "Stop"})
    assert world.status.state is State.FAILED
    assert world.status.completed_frames < 14


def test_a_failed_job_stays_failed_until_its_spec_changes_and_then_goes_on_with_what_is_new():
    world = with_bad_frame_12()
    world.step()
    assert world.status.state is State.FAILED
    world.edit(frames="1-110")
    world.step()
    assert world.status.state is State.RUNNING
    status = world.run()
    assert status.state is State.FAILED
    assert status.completed_frames == 109


def test_a_job_that_failed_before_there_was_a_choice_is_not_woken_by_it():
    world = with_bad_frame_12(retries={"perChunk": 0, "onFailure": "Stop"})
    world.spec = spec(**SHOT, retries={"perChunk": 0})
    world.step()
    assert world.status.state is State.FAILED
    assert not world.running


def test_a_preview_that_fails_is_not_waited_for():
    world = World(spec(**SHOT, preview={"frames": "1,50", "approval": "Required"}, retries={"perChunk": 0}))
    world.step()
    first, second = world.running
    world.end(first)
    world.end(second, Phase.FAILED, log="no such camera")
    world.step()
    assert world.status.state is State.FAILED, "there is nothing to approve"
    assert world.status.frames.failed == "50"


def test_tolerated_failures_are_told_and_are_no_error():
    world = World(spec(**SHOT, retries={"perChunk": 0}, tolerate={"failedFrames": 1}))
    world.step()
    world.end(world.running[0], Phase.FAILED)
    world.step()
    assert world.status.error == ""
    [reconciling] = [c for c in world.status.conditions if c.type.value == "Reconciling"]
    assert reconciling.message == "0 of 100 frames are rendered; 1 frame failed for good: 1"


def test_what_can_never_start_fails_the_job_at_once():
    world = World(spec(**SHOT))
    world.step()
    world.end(world.running[0], Phase.FAILED, config="the program 'blender' is not on this machine")
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert len(world.started_ids) == 2


def test_the_failed_frames_are_those_that_failed_and_not_those_that_were_never_tried():
    world = World(spec(**SHOT, retries={"perChunk": 0, "rules": [{"exitCodes": [9], "action": "FailJob"}]}))
    world.step()
    world.end(world.running[0], Phase.FAILED, exit_code=9)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert FrameSet.parse(world.status.frames.failed) == FrameSet.parse("1")
