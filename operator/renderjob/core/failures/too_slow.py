"""Stopped by us because it took too long (timeouts.chunk) or gave no sign of life (timeouts.stall)."""

from __future__ import annotations

from renderjob.api import FailureClass
from renderjob.api.duration import format_duration
from renderjob.core.actions import StopReason
from renderjob.core.observed import Phase

from .verdict import Cost, Ended, Verdict


def too_slow(ended: Ended) -> Verdict | None:
    """An attempt that succeeded before the signal reached it is taken as a success."""
    if ended.seen.phase is Phase.SUCCEEDED:
        return None
    timeouts = ended.spec.timeouts
    if ended.attempt.stop is StopReason.STALLED:
        limit = format_duration(timeouts.stall or 0)
        message = f"no frame, no percent and no output for {limit} (timeouts.stall); {_last(ended)}"
        return Verdict(FailureClass.STALLED, Cost.RETRY, message)
    if ended.attempt.stop is StopReason.TIMED_OUT or ended.seen.timed_out:
        limit = format_duration(timeouts.chunk or 0)
        return Verdict(
            FailureClass.TIMED_OUT, Cost.RETRY, f"took longer than {limit} (timeouts.chunk); {_last(ended)}"
        )
    return None


def _last(ended: Ended) -> str:
    return f"last said: {ended.last_line}" if ended.last_line else "it said nothing"
