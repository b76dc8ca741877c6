"""A success that came too fast to be one (timeouts.minimum)."""

from __future__ import annotations

from renderjob.api import FailureClass
from renderjob.api.duration import format_duration
from renderjob.core.observed import Phase

from .verdict import Cost, Ended, Verdict


def too_fast(ended: Ended) -> Verdict | None:
    """Faster than the minimum."""
    seen, minimum = ended.seen, ended.spec.timeouts.minimum
    if seen.phase is not Phase.SUCCEEDED or minimum is None or not seen.started_at or not seen.finished_at:
        return None
    seconds = (seen.finished_at - seen.started_at).total_seconds() + seen.grain
    if seconds >= minimum:
        return None
    message = f"ended after {seconds:.3g}s, less than {format_duration(minimum)} (timeouts.minimum)"
    return Verdict(FailureClass.TOO_FAST, Cost.RETRY, message, said=ended.last_line)
