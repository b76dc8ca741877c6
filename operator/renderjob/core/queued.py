"""Time in a queue: while all that is in flight waits to be admitted, by Kueue say, or all waits for frames of other
jobs, timeouts.job does not run."""

from __future__ import annotations

from datetime import timedelta

from .dependencies import waits_for
from .work import Work


def time_in_queue(work: Work) -> None:
    """Note since when a job does nothing but wait in a queue; what it waited is no part of its time afterwards."""
    since, active = work.draft.queued_since, work.draft.active_since
    if _waits(work):
        if since is None:
            work.draft.queued_since = work.now
        return
    if since is None:
        return
    if active is not None:
        waited = max(work.now - max(since, active), timedelta())
        work.draft.active_since = active + waited
    work.draft.queued_since = None


def _waits(work: Work) -> bool:
    seen = [work.seen.get(attempt.id) for attempt in work.in_flight.values()]
    if not seen:
        return bool(waits_for(work)[0])
    return all(
        each is not None and each.queued and each.started_at is None and not each.finished for each in seen
    )
