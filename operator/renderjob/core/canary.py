"""The canary: when the first chunks fail alike and nothing has succeeded, it is the manifest that is broken."""

from __future__ import annotations

from datetime import datetime, timedelta

from renderjob.api import Reason

from .inflight import InFlight
from .work import Work

LEAST = 5
"""Chunks that must fail alike at least; a job of fewer ends by its retries."""

WAVE = 50
"""Chunks at a time, at most, until something has succeeded, or has run for a while."""

PROOF = 30
"""Seconds that a chunk has to run to show that the manifest is not broken."""


def note_failure(
    work: Work, number: int, signature: str, message: str, *, final: bool, chunks: int = 1
) -> None:
    """Chunks failed in a way that counts; at their first attempt, they may be some of many that fail alike.

    When enough have, no other chunk starts, and the first retry decides: a flaky start is no broken manifest.

    Args:
        work: the decision.
        number: which attempt at them it was.
        signature: how they failed.
        message: the same in words.
        final: they are not tried again.
        chunks: how many.
    """
    state = work.draft.canary
    if state.passed or not work.spec.retries.canary:
        return
    if state.signature and state.signature != signature:
        work.draft.canary = state.model_copy(update={"passed": True})
        return
    failures = state.failures + (chunks if number == 1 else 0)
    work.draft.canary = state.model_copy(update={"signature": signature, "failures": failures})
    decided = number > 1 or final or not work.spec.retries.per_chunk
    if failures >= _enough(work) and decided and not work.draft.fatal:
        first = "chunk failed" if failures == 1 else f"{failures} chunks all failed alike"
        work.draft.fatal = f"the first {first}, so nothing more is started (retries.canary): {message}"[:1024]
        work.draft.fatal_reason = Reason.CANARY_FAILED


def note_success(work: Work) -> None:
    """Something was rendered."""
    state = work.draft.canary
    if not state.passed:
        work.draft.canary = state.model_copy(update={"passed": True})


def holds(work: Work) -> bool:
    """Whether no other chunk should start before a retry has shown what is broken."""
    state = work.draft.canary
    return work.spec.retries.canary and not state.passed and state.failures >= _enough(work)


def width(work: Work) -> int:
    """How many chunks may run at a time: not all of a large window before anything is known to work."""
    return WAVE if _is_unproven(work) else work.spec.parallelism


def wider_from(work: Work) -> datetime | None:
    """When a chunk will have run for long enough to let more of them run; None where nothing holds them back."""
    if not _is_unproven(work):
        return None
    begun = [seen.started_at for a in work.renders if (seen := work.seen.get(a.id)) and seen.started_at]
    return min(begun) + timedelta(seconds=PROOF) if begun else None


def _is_unproven(work: Work) -> bool:
    """Whether the window is large, and nothing is known to work."""
    if work.spec.parallelism <= WAVE or not work.spec.retries.canary or work.draft.canary.passed:
        return False
    return not work.completed and not any(_proves(work, a) for a in work.renders)


def _proves(work: Work, attempt: InFlight) -> bool:
    seen = work.seen.get(attempt.id)
    if seen is None or seen.finished or seen.started_at is None:
        return False
    if seen.frames_done or seen.fraction > 0:
        return True
    return (work.now - seen.started_at).total_seconds() >= PROOF


def _enough(work: Work) -> int:
    return max(LEAST, min(work.spec.parallelism, WAVE))
