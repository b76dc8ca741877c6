"""A broken manifest costs a few pods, not all of them."""

from __future__ import annotations

from renderjob.api import State
from renderjob.core import Phase
from support.jobs import spec
from support.world import World


def world(**fields):
    retries = {"perChunk": 3, "backoff": {"initial": "10s"}} | fields.pop("retries", {})
    return World(spec(frames="1-10000", chunks={"size": 1}, retries=retries, **{"parallelism": 20, **fields}))


def fail_all(w, rounds, log="blender: unknown option --bakcground"):
    for _ in range(rounds):
        w.step()
        w.end_all(Phase.FAILED, exit_code=1, log=log)
        w.pass_time(30)
    w.step()


def test_a_job_whose_first_chunks_all_fail_alike_stops():
    w = world()
    fail_all(w, 10)
    assert w.status.state is State.FAILED
    assert w.status.conditions[2].reason == "CanaryFailed"
    assert "unknown option" in w.status.error
    assert len(w.started_ids) <= 60


def test_a_large_window_opens_when_something_has_worked():
    w = world(parallelism=1000)
    w.step()
    assert len(w.running) == 50
    w.end(w.running[0])
    w.step()
    assert len(w.running) == 1000


def test_it_opens_when_a_chunk_has_run_for_a_while():
    w = world(parallelism=1000)
    w.step()
    w.step()
    assert w.wake is not None
    w.pass_time(31)
    w.step()
    assert len(w.running) == 1000


def test_a_flaky_first_attempt_is_no_broken_manifest():
    w = world(parallelism=5)
    for _ in range(4):
        w.step()
        for running in w.running:
            first = running.attempt.number == 1
            w.end(running, Phase.FAILED if first else Phase.SUCCEEDED, exit_code=1, log="no licence file yet")
        w.pass_time(30)
    w.step()
    assert w.status.state is State.RUNNING
    assert w.status.canary.passed


def test_different_failures_are_no_broken_manifest():
    w = world()
    w.step()
    for number, running in enumerate(w.running):
        w.end(running, Phase.FAILED, exit_code=1, log=f"{'abcdefghijklmnopqrstuvwxyz'[number]} is missing")
    w.step()
    assert w.status.state is State.RUNNING


def test_it_can_be_turned_off():
    w = world(retries={"canary": False, "perChunk": 0}, tolerate={"failedFrames": "100%"})
    fail_all(w, 10)
    assert w.status.attempts.failed == 200


def test_retry_after_a_fix_begins_anew():
    w = world()
    fail_all(w, 10)
    w.edit(retry=1, template={"spec": {"containers": [{"name": "render", "command": ["fixed"]}]}})
    assert w.run(most=5000).state is State.COMPLETED


def test_a_small_job_ends_by_its_retries():
    w = World(
        spec(
            frames="1-3",
            chunks={"size": 1},
            parallelism=3,
            retries={"perChunk": 1, "backoff": {"initial": "0s"}},
        )
    )
    fail_all(w, 3)
    assert w.status.state is State.FAILED
    assert w.status.frames.failed == "1-3"
