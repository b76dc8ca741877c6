"""A clock that was set back: what waits does not wait until it has caught up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from .backoff import longest
from .work import Work

_NOT_AT_ALL = timedelta()


def mind_the_clock(work: Work) -> None:
    """No wait is longer than the wait itself, and nothing has begun in the future, whatever the clock does.

    How far it was set back, whoever watched a steady clock meanwhile has observed; who did not, at least sees
    when the status was written last. All times of the status move along, and so what was left of a wait is
    left of it.
    """
    if work.before.state.terminal:
        # Nothing waits, and it is not written again for that.
        return
    behind = _set_back(work)
    if behind:
        _move(work, behind)
    # What a status of long ago, or of another clock, may hold all the same.
    latest = work.now + timedelta(seconds=longest(work.spec.retries.backoff))
    work.waiting = [
        entry if entry.not_before <= latest else replace(entry, not_before=latest) for entry in work.waiting
    ]
    until, since = work.draft.backoff_until, work.draft.active_since
    if until is not None and until > latest:
        work.draft.backoff_until = latest
    if since is not None and since > work.now:
        work.draft.active_since = work.now
    queued = work.draft.queued_since
    if queued is not None and queued > work.now:
        work.draft.queued_since = work.now
    merge, verify = work.draft.merge, work.draft.verify
    if merge.not_before is not None and merge.not_before > latest:
        work.draft.merge = merge.model_copy(update={"not_before": latest})
    if verify.not_before is not None and verify.not_before > latest:
        work.draft.verify = verify.model_copy(update={"not_before": latest})


def _set_back(work: Work) -> timedelta:
    written = work.before.updated_at
    return max(_NOT_AT_ALL, work.observed.set_back, written - work.now if written else _NOT_AT_ALL)


def _move(work: Work, behind: timedelta) -> None:
    def moved(time: datetime | None) -> datetime | None:
        return None if time is None else time - behind

    work.waiting = [replace(entry, not_before=entry.not_before - behind) for entry in work.waiting]
    work.draft.backoff_until = moved(work.draft.backoff_until)
    work.draft.active_since = moved(work.draft.active_since)
    work.draft.queued_since = moved(work.draft.queued_since)
    merge, verify = work.draft.merge, work.draft.verify
    work.draft.merge = merge.model_copy(update={"not_before": moved(merge.not_before)})
    work.draft.verify = verify.model_copy(update={"not_before": moved(verify.not_before)})
    for name, record in work.nodes.items():
        times = {"last_failure": moved(record.last_failure), "avoid_until": moved(record.avoid_until)}
        if any(times.values()):
            work.nodes[name] = record.model_copy(update=times)
