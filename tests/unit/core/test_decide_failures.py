"""What failures cost: retries, waits, rules, memory, tolerance, whole passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from renderjob.api import FailureClass, State
from renderjob.api.quantity import memory_bytes
from renderjob.core import Phase
from renderjob.core.backoff import wait
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World

NO_WAIT = {"initial": "0s"}


def one_chunk(**fields):
    """A job of one chunk, which is not split when it fails for good."""
    retries = {"onFailure": "Stop"} | fields.pop("retries", {})
    return World(spec(frames="1-10", chunks={"size": 10}, retries=retries, **fields))


def fail(world, **seen):
    world.step()
    [running] = world.running
    world.end(running, Phase.FAILED, **seen)
    world.step()


def test_a_failed_chunk_is_retried_as_often_as_perchunk_says_then_the_job_fails():
    world = one_chunk(retries={"perChunk": 2, "backoff": NO_WAIT})
    for _ in range(3):
        assert world.status.state is not State.FAILED
        fail(world, log="boom\n")
    assert world.status.state is State.FAILED
    assert len(world.started_ids) == 3
    assert "1-10" in world.status.error
    assert "boom" in world.status.error
    assert world.status.attempts.failed == 3


def test_per_chunk_zero_does_not_retry():
    world = one_chunk(retries={"perChunk": 0})
    fail(world)
    assert world.status.state is State.FAILED
    assert len(world.started_ids) == 1


def test_waits_grow_exponentially_within_a_tenth_and_stop_at_max():
    backoff = spec(retries={"backoff": {"initial": "10s", "factor": 2, "max": "60s"}}).retries.backoff
    waits = [wait(backoff, attempt, "uid", 7, attempt).total_seconds() for attempt in range(1, 6)]
    for seconds, plain in zip(waits, (10, 20, 40, 60, 60), strict=True):
        assert plain * 0.9 <= seconds <= min(60, plain * 1.1)
    assert len(set(waits[:3])) == 3
    assert wait(backoff, 1, "uid", 7, 1) == wait(backoff, 1, "uid", 7, 1)
    assert wait(backoff, 1, "uid", 7, 1) != wait(backoff, 1, "uid", 8, 1)


def test_a_retry_does_not_start_before_its_time():
    world = one_chunk()
    fail(world)
    [entry] = world.status.retrying
    assert 9 <= (entry.not_before - world.now).total_seconds() <= 11
    assert world.wake == entry.not_before
    world.pass_time(8)
    world.step()
    assert not world.running
    world.sleep_until_wake()
    world.step()
    assert len(world.running) == 1


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.LOST])
@pytest.mark.parametrize("said", ["1-7", "1-10"])
def test_a_log_alone_counts_no_frame_of_an_attempt_that_did_not_exit_with_0(phase, said):
    """Blender says `Saved:` for each of a frame's files: it may have died between two of them."""
    world = one_chunk(retries={"backoff": NO_WAIT})
    world.step()
    world.end(world.running[0], phase, exit_code=139, frames_done=FrameSet.parse(said))
    world.step()
    assert [str(r.attempt.frames) for r in world.running] == ["1-10"]
    assert world.status.frames.completed == ""
    assert world.status.attempts.succeeded == 0
    assert world.status.failures[0].exit_code == 139


def test_without_files_to_look_for_an_exit_with_0_counts_whatever_the_log_said():
    world = one_chunk()
    world.step()
    world.end(world.running[0], frames_done=FrameSet.parse("1-7"))
    world.step()
    assert world.status.state is State.COMPLETED


def test_an_attempt_that_died_with_all_its_files_there_is_told_and_costs_nothing():
    """Some renderers crash at their exit, each time."""
    world = World(
        spec(frames="1-20", chunks={"size": 1}, parallelism=20, retries={"perChunk": 0}),
        extra={"looks": True},
    )
    world.step()
    world.end_all(Phase.FAILED, exit_code=139, log="Segmentation fault", missing=FrameSet.parse(""))
    world.step()
    status = world.status
    assert (status.state, status.frames.completed, status.frames.failed) == (State.COMPLETED, "1-20", "")
    assert (status.attempts.failed, status.attempts.error, status.attempts.succeeded) == (20, 20, 0)
    assert status.failures[-1].message == (
        "killed by signal 11 (SIGSEGV); last line: Segmentation fault; none of its frames is missing"
    )


UNSAVED = "Render error (No space left on device) cannot save: '/out/0003.png'"


def test_a_frame_that_could_not_be_saved_spends_a_retry_like_any_other_failure():
    world = one_chunk(retries={"backoff": NO_WAIT})
    fail(world, unsaved=UNSAVED, log=f"Error: {UNSAVED}\n\nBlender quit")
    world.step()
    [failure] = world.status.failures
    assert (failure.failure_class, failure.message) == (FailureClass.ERROR, UNSAVED)
    assert [str(r.attempt.frames) for r in world.running] == ["1-10"]


def test_where_no_file_tells_an_exit_with_0_after_a_frame_was_not_saved_is_no_success():
    """Blender gives up the animation, and may exit with 0 all the same."""
    world = one_chunk(retries={"backoff": NO_WAIT})
    world.step()
    world.end(world.running[0], unsaved=UNSAVED)
    world.step()
    [failure] = world.status.failures
    assert failure.failure_class is FailureClass.NO_OUTPUT
    assert failure.message == f"exit code 0, but it could not save a frame: {UNSAVED}"
    assert world.run().state is State.COMPLETED


def test_where_files_tell_they_say_what_was_saved():
    world = one_chunk(output={"path": "/out", "file": "####.png"})
    world.step()
    world.end(world.running[0], unsaved=UNSAVED)
    assert world.run().state is State.COMPLETED
    assert world.status.attempts.failed == 0


def test_an_interruption_after_the_last_file_is_no_failure():
    world = one_chunk()
    world.step()
    world.end(world.running[0], Phase.LOST, missing=FrameSet.parse(""))
    world.step()
    assert (world.status.state, world.status.attempts.failed) == (State.COMPLETED, 0)


def test_files_know_better_than_the_log():
    world = one_chunk(retries={"backoff": NO_WAIT})
    fail(world, frames_done=FrameSet.parse("1-7"), missing=FrameSet.parse("3,8-10"))
    world.step()
    assert world.status.frames.completed == "1-2,4-7"


def test_exit_code_zero_without_the_frames_is_a_failure():
    world = one_chunk(retries={"backoff": NO_WAIT}, output={"path": "/out", "file": "####.png"})
    world.step()
    world.end(world.running[0], Phase.SUCCEEDED, missing=FrameSet.parse("4"))
    world.step()
    assert world.status.frames.completed == "1-3,5-10"
    [failure] = world.status.failures
    assert failure.failure_class is FailureClass.NO_OUTPUT
    assert [str(r.attempt.frames) for r in world.running] == ["4"]


def test_a_lost_attempt_is_free_and_restarts_at_once():
    world = one_chunk(retries={"perChunk": 0})
    world.step()
    world.end(world.running[0], Phase.LOST)
    world.step()
    assert len(world.running) == 1, "it restarts at once"
    for _ in range(4):
        world.end(world.running[0], Phase.LOST)
        world.step()
        world.sleep_until_wake()
        world.step()
    assert world.status.attempts.disrupted == 5
    assert world.status.attempts.failed == 0
    assert world.run().state is State.COMPLETED


def test_a_disruption_of_a_retry_keeps_the_number_of_the_attempt():
    world = one_chunk(retries={"perChunk": 1, "backoff": NO_WAIT})
    fail(world)
    world.step()
    world.end(world.running[0], Phase.LOST)
    world.step()
    assert world.running[0].attempt.number == 2
    world.end(world.running[0], Phase.FAILED)
    world.step()
    assert world.status.state is State.FAILED


def test_out_of_memory_raises_memory_up_to_the_maximum_and_only_then_spends_retries():
    world = World(
        spec(
            frames="1",
            retries={"perChunk": 0, "backoff": NO_WAIT, "memory": {"factor": 2, "max": "3Gi"}},
        )
    )
    world.step()
    gibi = memory_bytes("1Gi")
    world.end(world.running[0], Phase.FAILED, out_of_memory=True, memory=gibi, exit_code=137)
    world.step()
    assert world.running[0].attempt.memory == 2 * gibi
    world.end(world.running[0], Phase.FAILED, out_of_memory=True, exit_code=137)
    world.step()
    assert world.running[0].attempt.memory == 3 * gibi
    world.end(world.running[0], Phase.FAILED, out_of_memory=True, exit_code=137)
    world.step()
    assert world.status.state is State.FAILED
    assert world.status.attempts.out_of_memory == 3


@pytest.mark.parametrize(
    ("action", "state", "tries"),
    [("FailJob", State.FAILED, 1), ("FailChunk", State.FAILED, 1), ("Retry", State.FAILED, 4)],
)
def test_a_rule_gives_an_exit_code_its_meaning(action, state, tries):
    world = one_chunk(retries={"backoff": NO_WAIT, "rules": [{"exitCodes": ["64-78"], "action": action}]})
    while not world.status.state.terminal:
        fail(world, exit_code=70)
    assert world.status.state is state
    assert len(world.started_ids) == tries


def test_the_first_rule_that_fits_wins_and_log_and_exit_code_must_both_fit():
    world = one_chunk(
        retries={
            "backoff": NO_WAIT,
            "rules": [
                {"exitCodes": [33], "log": "nothing", "action": "FailJob"},
                {"log": "licence", "action": "Ignore"},
                {"exitCodes": [33], "action": "FailJob"},
            ],
        }
    )
    fail(world, exit_code=33, log="no licence left\n")
    assert world.status.attempts.disrupted == 1
    assert world.status.state is State.RUNNING


def test_a_shortage_makes_the_whole_job_wait_then_one_chunk_tries_first():
    world = World(
        spec(
            frames="1-8",
            chunks={"size": 1},
            parallelism=4,
            retries={"perChunk": 0, "rules": [{"log": "license.*unavailable", "action": "BackOff"}]},
        )
    )
    world.step()
    world.end_all(Phase.FAILED, log="license server unavailable\n")
    world.step()
    assert not world.running
    assert world.status.attempts.backed_off == 4
    assert world.status.backoffs == 1
    assert "license" in next(c.message for c in world.status.conditions if c.type == "Ready")
    world.sleep_until_wake()
    world.step()
    assert len(world.running) == 1
    world.end_all(Phase.FAILED, log="license server unavailable\n")
    world.step()
    assert world.status.backoffs == 2
    assert world.wake - world.now > timedelta(seconds=17)
    world.sleep_until_wake()
    world.step()
    world.end_all()
    world.step()
    assert len(world.running) == 4
    status = world.run()
    assert status.state is State.COMPLETED
    assert status.attempts.failed == 0


def test_the_renderers_own_word_that_it_failed_is_final_for_the_chunk():
    world = one_chunk()
    fail(world, failed="the scene has no camera", exit_code=0)
    assert world.status.state is State.FAILED
    assert "no camera" in world.status.error


def test_what_cannot_start_fails_the_job_with_a_sentence_not_with_retries():
    world = World(spec(frames="1-100", chunks={"size": 1}, parallelism=5))
    world.step()
    world.end(world.running[0], Phase.FAILED, config="the program 'blender' is not on this machine")
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert world.status.error == "the program 'blender' is not on this machine"
    assert len(world.started_ids) == 5


def test_failed_frames_are_tolerated_up_to_a_count_or_a_share():
    world = World(
        spec(
            frames="1-100",
            chunks={"size": 1},
            parallelism=100,
            retries={"perChunk": 0, "canary": False},
            tolerate={"failedFrames": "2%"},
        )
    )
    world.step()
    for running in world.running:
        bad = running.attempt.frames.first in (7, 50)
        world.end(running, Phase.FAILED if bad else Phase.SUCCEEDED)
    world.step()
    assert world.status.state is State.COMPLETED
    assert world.status.result.missing_frames == "7,50"
    assert world.status.frames.failed == "7,50"
    assert world.status.completed_frames == 98


def test_one_failed_frame_too_many_fails_the_job():
    world = World(
        spec(
            frames="1-10",
            chunks={"size": 1},
            parallelism=10,
            retries={"perChunk": 0, "onFailure": "Stop"},
            tolerate={"failedFrames": 1},
        )
    )
    world.step()
    world.end(world.running[0], Phase.FAILED)
    world.step()
    assert world.status.state is State.RUNNING
    world.end(world.running[0], Phase.FAILED)
    world.step()
    assert all(r.stopping for r in world.running)
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED


def test_a_pass_over_what_failed_comes_after_all_else_and_has_retries_of_its_own():
    world = World(
        spec(
            frames="1-3",
            chunks={"size": 1},
            parallelism=3,
            retries={"perChunk": 1, "perJob": 1, "backoff": NO_WAIT},
        )
    )
    for _ in range(2):
        world.step()
        for running in world.running:
            world.end(running, Phase.FAILED if running.attempt.frames.first == 2 else Phase.SUCCEEDED)
    world.step()
    assert world.status.passes == 1
    assert world.status.state is State.RUNNING
    assert [r.attempt.number for r in world.running] == [1]
    world.end_all(Phase.FAILED)
    world.step()
    world.end_all(Phase.FAILED)
    world.step()
    assert world.status.state is State.FAILED
    assert world.status.frames.completed == "1,3"
    assert len(world.started_ids) == 6


def test_too_fast_to_be_true_counts_as_a_failure():
    world = one_chunk(timeouts={"minimum": "2s"}, retries={"perChunk": 0})
    world.step()
    world.pass_time(1)
    world.end_all()
    world.step()
    assert world.status.failures[0].failure_class is FailureClass.TOO_FAST
    assert world.status.state is State.FAILED


@pytest.mark.parametrize(
    ("limit", "expected"), [("stall", FailureClass.STALLED), ("chunk", FailureClass.TIMED_OUT)]
)
def test_a_hang_is_seen_as_a_hang(limit, expected):
    world = one_chunk(timeouts={limit: "60s"}, retries={"perChunk": 0})
    world.step()
    world.step()
    assert (world.wake - world.now).total_seconds() == 60
    world.pass_time(59)
    world.step()
    assert not world.running[0].stopping
    world.pass_time(1)
    world.step()
    assert world.running[0].stopping
    world.end_stopping()
    world.step()
    assert world.status.failures[0].failure_class is expected
    assert world.status.attempts.failed == 1


def test_a_slow_renderer_that_talks_is_left_alone():
    from dataclasses import replace

    world = one_chunk(timeouts={"stall": "60s"})
    world.step()
    for _ in range(5):
        world.pass_time(50)
        running = world.running[0]
        running.seen = replace(running.seen, active_at=world.now)
        world.step()
    assert not world.running[0].stopping


def test_the_jobs_deadline_ends_it_and_keeps_what_is_rendered():
    world = World(spec(frames="1-10", chunks={"size": 1}, parallelism=1, timeouts={"job": "1h"}))
    world.step()
    world.end_all()
    world.step()
    world.pass_time(3600)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert "timeouts.job" in world.status.error
    assert world.status.frames.completed == "1"


def test_only_the_last_ten_failures_are_kept():
    world = World(spec(frames="1-30", chunks={"size": 1}, parallelism=30, retries={"backoff": NO_WAIT}))
    world.step()
    world.end_all(Phase.FAILED)
    world.step()
    assert len(world.status.failures) == 10
    assert world.status.attempts.failed == 30
    assert world.run().state is State.COMPLETED


def test_thousands_of_failing_chunks_keep_the_status_small_and_none_is_lost():
    world = World(
        spec(frames="1-20000", chunks={"size": 1}, parallelism=500, retries={"backoff": {"initial": "1h"}})
    )
    for _ in range(30):
        world.step()
        for running in world.running:
            world.end(running, Phase.FAILED if running.attempt.frames.first % 2 else Phase.SUCCEEDED)
        assert len(world.status.model_dump_json()) < 64 * 1024
    world.step()
    waiting = sum(len(FrameSet.parse(r.frames)) for r in world.status.retrying)
    assert waiting == world.status.attempts.failed


@pytest.mark.parametrize(
    ("seen", "failure_class", "words"),
    [
        (
            {"phase": Phase.FAILED, "out_of_memory": True, "memory": 1 << 30},
            "OutOfMemory",
            "ran out of memory with 1Gi",
        ),
        ({"missing": FrameSet.parse("1-10")}, "NoOutput", "exit code 0, but"),
        ({}, "TooFast", "ended after 0s, less than 1m"),
    ],
)
def test_our_own_words_for_a_failure_are_followed_by_its_logs_last_line(seen, failure_class, words):
    output = {"path": "/out", "file": "####.png"}
    world = one_chunk(retries={"backoff": NO_WAIT}, timeouts={"minimum": "1m"}, output=output)
    world.extra = {"looks": True}
    world.step()
    phase = seen.pop("phase", Phase.SUCCEEDED)
    world.end(world.running[0], phase, log="loading\ncan't write /out: no room\n\n", **seen)
    if failure_class == "NoOutput":
        world.now += timedelta(minutes=2)
        world.attempts[1].seen = replace(world.attempts[1].seen, finished_at=world.now)
    world.step()
    [failure] = world.status.failures
    assert failure.failure_class == failure_class
    assert failure.message.startswith(words)
    assert failure.message.endswith("; last line: can't write /out: no room")


def test_what_a_job_failed_of_is_no_disruption_that_came_later():
    retries = {"perChunk": 0, "onFailure": "Stop"}
    world = World(spec(frames="1-2", chunks={"size": 1}, parallelism=2, retries=retries))
    world.step()
    first, second = world.running
    world.end(first, Phase.FAILED, log="no such camera")
    world.end(second, Phase.LOST, log="its node is gone")
    world.step()
    assert world.status.state is State.FAILED
    assert world.status.failures[-1].message == "its node is gone"
    assert world.status.error.endswith("last: no such camera")


def test_a_rule_that_ends_the_job_is_named_beside_the_renderers_words():
    world = one_chunk(retries={"rules": [{"exitCodes": [5], "action": "FailJob"}]})
    fail(world, exit_code=5, log="goodbye")
    assert world.status.error == "a rule ends the job (retries.rules, FailJob): goodbye"


def test_words_of_a_renderer_steer_nobodys_terminal():
    """Kubectl prints conditions and events as they are."""
    world = World(spec(frames="1-2", retries={"perChunk": 0}))
    world.step()
    world.end_all(Phase.FAILED, exit_code=1, log="\x1b]0;owned\x07\x1b[31mno scene\x9b")
    decision = world.step()
    said = [
        world.status.error,
        *(f.message for f in world.status.failures),
        *(e.message for e in decision.events),
    ]
    said += [c.message for c in world.status.conditions]
    assert any("no scene" in words for words in said)
    assert all(each.isprintable() for words in said for each in words)
