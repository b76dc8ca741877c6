"""A disk that is full, or can only be read: the whole job waits, spends nothing, and goes on by itself."""

from __future__ import annotations

from renderjob.api import FailureClass, State
from renderjob.core import Phase
from renderjob.frames import EMPTY, FrameSet
from support.jobs import spec
from support.world import World

FULL = "no space left on device: /out (on /out, 0.0 MiB free)"
OUTPUT = {"path": "/out", "file": "####.png"}


def world(**fields):
    retries = {"perChunk": 0} | fields.pop("retries", {})
    made = World(spec(frames="1-8", chunks={"size": 4}, output=OUTPUT, retries=retries, **fields))
    made.step()
    return made


def on_a_laptop(**fields):
    made = world(**fields)
    made.extra = {"looks": True}
    return made


def condition(made):
    return next(c for c in made.status.conditions if c.type.value == "Reconciling")


def test_an_attempt_that_could_not_write_costs_no_retry_and_the_job_waits_and_says_why():
    made = on_a_laptop()
    made.end(made.running[0], Phase.FAILED, missing=FrameSet.parse("3-4"), disk=FULL, log="write error")
    made.step()
    assert not made.running, "nothing else starts"
    assert made.status.frames.completed == "1-2"
    assert made.status.failures[-1].failure_class is FailureClass.BACK_OFF
    assert made.status.attempts.failed == 0
    assert condition(made).reason == "OutputBlocked"
    assert FULL in made.status.error
    assert "OutputBlocked" in made.events
    made.sleep_until_wake()
    made.step()
    assert [str(r.attempt.frames) for r in made.running] == ["3-4"], "one tries first"
    assert made.run().state is State.COMPLETED
    assert made.status.error == ""


def test_a_renderer_that_says_all_is_well_while_its_frames_do_not_fit_is_no_failure_either():
    made = on_a_laptop()
    made.end(made.running[0], missing=FrameSet.parse("2-4"), disk=FULL)
    made.step()
    assert made.status.attempts.backed_off == 1
    assert made.status.attempts.no_output == 0


def test_frames_that_are_all_there_are_there_however_full_the_disk_is():
    made = on_a_laptop()
    made.end(made.running[0], missing=EMPTY, disk=FULL)
    made.step()
    assert made.status.frames.completed == "1-4"
    assert [str(r.attempt.frames) for r in made.running] == ["5-8"]


def test_a_rule_for_the_exit_code_does_not_make_the_disk_the_renderers_fault():
    made = on_a_laptop(retries={"rules": [{"exitCodes": [1], "action": "FailJob"}]})
    made.end(made.running[0], Phase.FAILED, missing=FrameSet.parse("1-4"), disk=FULL)
    made.step()
    assert made.status.state is State.RUNNING


def test_while_it_is_full_it_is_told_once_however_often_it_is_looked_at():
    made = on_a_laptop()
    for _ in range(6):
        made.end(made.running[0], Phase.FAILED, missing=made.running[0].attempt.frames, disk=FULL)
        made.step()
        made.sleep_until_wake()
        made.step()
    assert made.events.count("OutputBlocked") == 1
    assert len(made.status.failures) == 1


def test_frames_that_can_not_be_moved_yet_hold_up_the_job_and_run_out_of_no_time():
    made = on_a_laptop(parallelism=2, timeouts={"chunk": "1m", "stall": "1m"})
    made.step()
    first, second = made.running
    made.end(first)
    made.attempts[first.attempt.id].seen = first.seen = _still(first.seen, blocked=FULL)
    made.end(second)
    made.pass_time(3600)
    made.step()
    assert not first.stopping
    assert [r.attempt.id for r in made.running] == [first.attempt.id]
    assert condition(made).reason == "OutputBlocked"
    assert "can't be moved" in made.status.error
    assert made.events.count("OutputBlocked") == 1
    first.seen = _still(first.seen, blocked="")
    made.end(first)
    assert made.run().state is State.COMPLETED
    assert sum(len(frames) for frames in made.rendered) == 8 + 4, (
        "the world counts the end twice, and no third time"
    )


def _still(seen, **fields):
    from dataclasses import replace

    return replace(seen, phase=Phase.RUNNING, finished_at=None, exit_code=None, **fields)


def test_in_a_cluster_what_a_look_does_not_find_on_a_full_disk_is_held_against_nobody():
    made = world()
    made.end(made.running[0])
    made.step()
    made.end_all()
    made.step()
    [look] = made.verifying
    made.end(look, missing=FrameSet.parse("3-4,8"), disk=FULL)
    made.step()
    assert made.status.state is State.RUNNING
    assert made.status.frames.failed == ""
    assert made.status.attempts.no_output == 0
    assert condition(made).reason == "OutputBlocked"
    made.sleep_until_wake()
    assert made.run().state is State.COMPLETED


def test_in_a_cluster_the_last_attempt_of_a_chunk_is_given_back_to_it():
    made = world()
    made.end(made.running[0], Phase.FAILED)
    made.step()
    made.end(made.verifying[0], missing=FrameSet.parse("1-4"), disk=FULL)
    made.step()
    assert made.status.frames.failed == ""
    assert made.run().state is State.COMPLETED


def test_a_look_that_could_move_nothing_is_tried_again_for_ever():
    made = world()
    made.end(made.running[0])
    made.step()
    made.end_all()
    made.step()
    for _ in range(12):
        if made.verifying:
            made.end(made.verifying[0], frames_done=EMPTY, missing=EMPTY, disk=FULL)
        made.step()
        assert made.status.state is State.RUNNING
        made.sleep_until_wake()
    assert made.run().state is State.COMPLETED
    assert sum(len(frames) for frames in made.rendered) == 8, "nothing is rendered again"
