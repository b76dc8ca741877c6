"""What a decision costs, in calls rather than seconds: in proportion to what happens, and bounded at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from renderjob.core import Phase
from renderjob.core.settle import FAILURES_AT_ONCE
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World

CALLS = 250
"""Calls for an attempt that ends well and one that starts in its place; about 130 when this was written."""


def calls_of(function: Callable[[], object]) -> int:
    """How many calls of Python and C functions it makes."""
    count, before = 0, sys.getprofile()

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def world(window: int, **fields: Any) -> World:
    retries = {"canary": False, "perChunk": 0, "backoff": {"initial": "0s"}}
    fields = {"frames": f"1-{window * 30}", "chunks": {"size": 10}, "retries": retries} | fields
    made = World(spec(parallelism=window, tolerate={"failedFrames": "100%"}, **fields))
    made._check_transition = lambda *_: None
    made.step()
    assert len(made.running) == window
    return made


def test_a_decision_costs_in_proportion_to_the_window():
    costs = {}
    for window in (100, 400):
        w = world(window)
        w.pass_time(60)
        w.end_all(node="n1")
        costs[window] = calls_of(w.decide)
        w.step()
        assert len(w.running) == window, "as many start as have ended"
    assert costs[400] < 5 * costs[100]
    assert costs[400] < CALLS * 400


def test_failures_of_single_frames_cost_in_proportion_to_the_window():
    costs = {}
    for window in (40, 160):
        w = world(window, frames=f"1-{window * 30}", chunks={"size": 1})
        for running in w.running[::2]:
            w.end(running, Phase.FAILED)
        w.end_all()
        costs[window] = calls_of(w.decide)
    assert costs[160] < 6 * costs[40]


def test_of_very_many_failures_a_decision_settles_some_and_the_next_is_due_at_once():
    w = world(3 * FAILURES_AT_ONCE, chunks={"size": 1})
    w.end_all(Phase.FAILED)
    succeeded = w.running
    assert not succeeded
    for settled in (1, 2, 3):
        w.step()
        assert w.status.attempts.failed == settled * FAILURES_AT_ONCE
        more = settled < 3
        assert (w.wake == w.now) is more
    assert not any(running.seen.finished for running in w.attempts.values()), (
        "each is forgotten when it is counted"
    )


def test_an_attempt_that_was_stopped_and_has_ended_is_not_stopped_again_while_it_waits_to_be_settled():
    w = world(FAILURES_AT_ONCE + 1, chunks={"size": 1}, timeouts={"chunk": "1m"})
    w.pass_time(61)
    w.step()
    w.end_stopping()
    decision = w.step()
    assert not [action for action in decision.actions if type(action).__name__ == "Stop"]
    w.step()
    assert w.status.attempts.timed_out == FAILURES_AT_ONCE + 1


@pytest.mark.parametrize("apart", [1, 4294], ids=["in one row", "far apart"])
def test_of_listed_chunks_a_decision_costs_what_happens_and_not_how_many_there_are(apart):
    costs = {}
    for number in (500, 5000):
        width = 100 * apart
        listed = [
            {"frames": str(FrameSet.range(n * width, (n + 1) * width - apart, apart)), "args": [str(n)]}
            for n in range(number)
        ]
        frames = str(FrameSet.range(0, number * width - apart, apart))
        w = world(20, frames=frames, chunks={"explicit": listed})
        w.end_all()
        costs[number] = calls_of(w.decide)
    assert costs[5000] < 2 * costs[500]
