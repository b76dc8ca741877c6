"""When to look again although nothing happens: no deadline is missed for want of somebody who looks."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from renderjob.api import State
from renderjob.core import Phase
from support.jobs import spec
from support.world import START, World


def world(**fields) -> World:
    one = World(spec(**fields))
    one.extra = {"looks": True}
    return one


@pytest.mark.parametrize("name", ["chunk", "stall", "job"])
def test_the_decision_that_starts_a_chunk_says_when_its_time_is_over(name):
    silent = world(timeouts={name: "5m"})
    silent.step()
    assert silent.wake == START + timedelta(minutes=5)


@pytest.mark.parametrize("name", ["chunk", "stall"])
def test_a_later_chunk_that_says_nothing_is_stopped_by_the_wakes_alone(name):
    silent = world(frames="1-2", chunks={"size": 1}, timeouts={name: "5m"}, retries={"perChunk": 0})
    silent.step()
    silent.pass_time(10)
    silent.end_all()
    silent.step()
    (second,) = silent.running
    while not second.stopping:
        assert silent.wake is not None, "nobody would ever look again"
        silent.sleep_until_wake()
        silent.step()
    assert silent.now == START + timedelta(minutes=5, seconds=10)


def test_a_retry_that_says_nothing_is_stopped_by_the_wakes_alone():
    silent = world(
        frames="1", timeouts={"chunk": "5m"}, retries={"perChunk": 1, "backoff": {"initial": "10s"}}
    )
    for _ in range(50):
        silent.step()
        if silent.status.state.terminal:
            break
        silent.end_stopping()
        if not any(running.seen.finished for running in silent.attempts.values()):
            assert silent.wake is not None, "nobody would ever look again"
            silent.sleep_until_wake()
    assert silent.status.state is State.FAILED
    assert [failure.failure_class for failure in silent.status.failures] == ["TimedOut"] * 2


@pytest.mark.parametrize("seed", range(20))
def test_a_job_ends_although_nobody_looks_but_when_asked_to(seed):
    """Some attempts hang for ever; what ends is seen, and all else is left to the wakes."""
    draw = random.Random(seed)
    one = world(
        frames="1-40",
        chunks={"size": draw.randint(1, 9)},
        parallelism=draw.randint(1, 5),
        timeouts={draw.choice(["chunk", "stall"]): "5m"},
        retries={"perChunk": draw.randint(0, 2), "perJob": draw.randint(0, 1)},
        tolerate={"failedFrames": draw.choice([0, "50%"])},
    )
    looks = 0
    while True:
        one.step()
        looks += 1
        assert looks < 2000, "it does not end"
        if one.status.state.terminal and not one.attempts:
            break
        one.end_stopping()
        ready = [running for running in one.running if draw.random() < 0.3 and running.attempt.id % 5]
        for running in ready:
            one.end(running, draw.choice([Phase.SUCCEEDED, Phase.FAILED, Phase.LOST]))
        if not any(running.seen.finished for running in one.attempts.values()):
            assert one.wake is not None or one.status.state.terminal, f"nobody looks again: {one.status}"
            one.sleep_until_wake()
    assert one.status.state in (State.COMPLETED, State.FAILED)


def test_a_clock_that_is_set_back_by_a_day_delays_a_retry_by_no_more_than_the_longest_wait():
    one = world(retries={"backoff": {"initial": "10s", "max": "1m"}})
    one.step()
    one.end_all(Phase.FAILED)
    one.step()
    one.pass_time(-86400)
    one.step()
    assert one.wake is not None
    assert one.wake <= one.now + timedelta(minutes=1)
    one.sleep_until_wake()
    one.step()
    assert one.running


def test_a_clock_that_is_set_back_delays_no_merge_and_no_deadline():
    merge = {"template": {"spec": {"containers": [{"name": "m", "command": ["m"]}]}}}
    one = world(merge=merge, retries={"backoff": {"max": "1m"}}, timeouts={"job": "1h"})
    one.step()
    one.end_all()
    one.step()
    one.end_all(Phase.FAILED)
    one.step()
    one.pass_time(-86400)
    one.step()
    assert one.status.active_since == one.now
    one.sleep_until_wake()
    one.step()
    assert one.merging


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_clock_that_is_set_back_makes_no_retry_wait_longer_than_its_wait(hours):
    one = world(retries={"backoff": {"initial": "10s", "max": "10m"}})
    one.step()
    one.end_all(Phase.FAILED)
    one.step()
    wait = one.wake - one.now
    one.pass_time(-3600 * hours)
    one.step()
    assert one.wake == one.now + wait, "what was left of the wait is left of it"
    one.sleep_until_wake()
    one.step()
    assert one.running


def test_what_a_steady_clock_tells_of_the_wait_is_over():
    one = world(retries={"backoff": {"initial": "10s", "max": "10m"}})
    one.step()
    one.end_all(Phase.FAILED)
    one.step()
    left = (one.wake - one.now).total_seconds()
    one.pass_time(left - 3600)
    one.extra = {"set_back": timedelta(hours=1)}
    one.step()
    assert one.running


def test_a_job_at_its_end_is_not_written_again_when_the_clock_is_set_back():
    one = world(timeouts={"job": "1h"})
    one.run()
    before = one.status
    one.pass_time(-3600)
    assert one.step().status is before
