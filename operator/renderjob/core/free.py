"""Free failures: they spend nothing, so pauses between them grow; when nothing else happens, a condition says so."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from renderjob.api import FreeFailures, MergeStatus, VerifyStatus

from . import nodes
from .actions import StopReason
from .backoff import free_wait
from .failures import Pause, Remedy, Verdict
from .inflight import InFlight
from .work import Work

Stage = TypeVar("Stage", MergeStatus, VerifyStatus)

MANY = 5
"""So many free failures in a row, and nothing that got done between them, are worth a word."""

OFTEN = 3
"""At least one chunk must have failed so often among them: many chunks that go with one node are one mishap."""

ROUNDS = 2
"""Or so many for each chunk that may run at a time."""

ENOUGH_MOVES = 2
"""From so many moves from node to node on there is a pause before the next."""

MOST_OF_A_STAGE = 10
"""Free failures of a merge, or of a verification, in a row; those that follow count."""


def pause(work: Work, attempt: InFlight, verdict: Verdict, first: int) -> timedelta:
    """What comes before the next attempt at these frames, of which the first is `first`.

    A disruption is free and quick: the first one in a row waits for nothing. What a node refuses is not asked for
    again at once.
    """
    times = attempt.free + (0 if verdict.pause is Pause.AT_ONCE else 1)
    if times < 1:
        return timedelta()
    return free_wait(work.spec.retries.backoff, times, work.observed.uid, first, "free", times)


def moved(work: Work, attempt: InFlight, first: int) -> timedelta:
    """The same for an attempt that was stopped since its node did not start it; none for any other."""
    if attempt.stop is not StopReason.SURPLUS or attempt.free < ENOUGH_MOVES:
        return timedelta()
    return free_wait(
        work.spec.retries.backoff, attempt.free - 1, work.observed.uid, first, "moved", attempt.free
    )


def stage(work: Work, name: str, state: Stage, verdict: Verdict, node: str) -> Stage | None:
    """Requeue a merge, or a verification, that failed for free: later, and elsewhere if it is the node's fault.

    Returns its state from here on; None for one that did so again and again: from then on it counts.
    """
    if not verdict.cost.free or state.free >= MOST_OF_A_STAGE:
        return None
    if verdict.remedy is Remedy.ANOTHER_NODE:
        nodes.rest(work, node)
    times = state.free + 1
    pause = free_wait(work.spec.retries.backoff, times, work.observed.uid, name, times)
    return state.model_copy(update={"free": times, "not_before": work.now + pause})


def note(work: Work, words: str) -> None:
    """One more."""
    state = work.draft.free_failures
    work.draft.free_failures = FreeFailures(in_a_row=state.in_a_row + 1, last=words[:512])


def over(work: Work) -> None:
    """Something else happened: a frame was rendered, or an attempt failed at a cost."""
    if work.draft.free_failures.in_a_row:
        work.draft.free_failures = FreeFailures()


def nothing_else(work: Work) -> bool:
    """Whether nothing but free failures happens, and that again and again."""
    in_a_row = work.draft.free_failures.in_a_row
    if in_a_row < MANY:
        return False
    if in_a_row >= ROUNDS * min(work.spec.parallelism, work.layout.count):
        return True
    times = [entry.free for entry in work.waiting] + [attempt.free for attempt in work.renders]
    return max(times, default=0) >= OFTEN


def words(work: Work) -> str:
    """The same in a sentence."""
    state = work.draft.free_failures
    return (
        f"nothing but free failures: {state.in_a_row} in a row, and no frame between them; each try waits longer, and "
        f"the next success ends this; last: {state.last}"
    )
