"""A clock that was set back: what waits does not wait until it has caught up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from .work import Work


def mind_the_clock(work: Work) -> None:
    """No wait is longer than the longest there is, and nothing has begun in the future."""
    latest = work.now + timedelta(seconds=work.spec.retries.backoff.max)
    work.waiting = [
        entry if entry.not_before <= latest else replace(entry, not_before=latest) for entry in work.waiting
    ]
    until, since = work.get("backoff_until"), work.get("active_since")
    if until is not None and until > latest:
        work.put(backoff_until=latest)
    if since is not None and since > work.now:
        work.put(active_since=work.now)
    for stage in ("merge", "verify"):
        state = work.get(stage)
        if state.not_before is not None and state.not_before > latest:
            work.put(**{stage: state.model_copy(update={"not_before": latest})})
