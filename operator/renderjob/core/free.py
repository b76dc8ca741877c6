"""Free failures: they spend nothing, so that pauses between them grow; and when nothing else happens, that is said."""

from __future__ import annotations

from datetime import timedelta

from renderjob.api import FreeFailures

from .backoff import free_wait
from .failures import Pause, Verdict
from .inflight import InFlight
from .work import Work

MANY = 5
"""So many free failures in a row, and nothing that got done between them, are worth a word."""

OFTEN = 3
"""At least one chunk must have failed so often among them: many chunks that go with one node are one mishap."""


def pause(work: Work, attempt: InFlight, verdict: Verdict, first: int) -> timedelta:
    """What comes before the next attempt at these frames, of which the first is `first`.

    A disruption is free and quick: the first one in a row waits for nothing. What a node refuses is not asked for
    again at once.
    """
    times = attempt.free + (0 if verdict.pause is Pause.AT_ONCE else 1)
    if times < 1:
        return timedelta()
    return free_wait(work.spec.retries.backoff, times, work.observed.uid, first, "free", times)


def note(work: Work, words: str) -> None:
    """One more."""
    state = work.get("free_failures")
    work.put(free_failures=FreeFailures(in_a_row=state.in_a_row + 1, last=words[:512]))


def over(work: Work) -> None:
    """Something else happened: a frame was rendered, or an attempt failed at a cost."""
    if work.get("free_failures").in_a_row:
        work.put(free_failures=FreeFailures())


def nothing_else(work: Work) -> bool:
    """Whether nothing but free failures happens, and that again and again."""
    if work.get("free_failures").in_a_row < MANY:
        return False
    times = [entry.free for entry in work.waiting] + [attempt.free for attempt in work.renders]
    return max(times, default=0) >= OFTEN


def words(work: Work) -> str:
    """The same in a sentence."""
    state = work.get("free_failures")
    return (
        f"nothing but free failures: {state.in_a_row} in a row, and no frame between them; each try waits longer, and "
        f"the next success ends this; last: {state.last}"
    )
