"""Pace: how often the status of a job is written; its own, and that of all jobs together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from renderjob.api import RenderJob, RenderJobStatus
from renderjob.core import Decision, Start, Stop

TOGETHER = 20.0
"""Writes a second, of all jobs, in which only progress is news."""
LONGEST = 5.0
"""Seconds that such news waits at most, however many jobs there are."""


class Pace:
    """Spreads the reconciliations of a job, and so the writes of its status, over time."""

    def __init__(self, seconds: float, clock: Callable[[], datetime]) -> None:
        """Between two writes of one job's status there are `seconds` at least; 0 spreads nothing."""
        self._apart = timedelta(seconds=seconds)
        self._clock = clock
        self._saved: dict[str, datetime] = {}
        self._rests: dict[str, datetime] = {}
        """Until when a job is not reconciled, since its last decision can wait or could not be written."""
        self._busy: set[str] = set()
        """Jobs that have attempts in flight: their status will change."""

    def pause(self, uid: str) -> float:
        """Seconds for which a job is not to be reconciled; 0 when it may be."""
        until = self._rests.get(uid)
        if until is None:
            saved = self._saved.get(uid)
            if saved is None:
                return 0.0
            until = saved + self._apart
        left = until - self._clock()
        # A clock that was set back makes nobody wait for it.
        return left.total_seconds() if timedelta(0) < left <= self._apart else 0.0

    def saved(self, job: RenderJob) -> None:
        """The status of a job was written now."""
        uid = job.metadata.uid
        self._saved[uid] = self._clock()
        self._rests.pop(uid, None)
        if job.status.in_flight:
            self._busy.add(uid)
        else:
            self._busy.discard(uid)

    def attempted(self, uid: str) -> None:
        """The status of a job was perhaps written now: that is neither retried at once nor deferred."""
        self._rests[uid] = self._clock() + self._apart

    def defer(self, job: RenderJob, decision: Decision) -> datetime | None:
        """When to write a decision, if it can wait; None: now.

        With many jobs at work, most writes report another chunk that has ended. That may be written a
        little later, for several chunks at once. Whatever is news to somebody, or starts or stops something, is
        not deferred.
        """
        uid, now = job.metadata.uid, self._clock()
        last = self._saved.get(uid)
        if not self._apart or last is None or not _only_progress(job, decision):
            return None
        due = last + timedelta(seconds=min(LONGEST, len(self._busy) / TOGETHER))
        if not last <= now < due:
            return None
        self._rests[uid] = min(now + self._apart, due)
        return due

    def forget(self, uid: str) -> None:
        """A job is gone."""
        self._saved.pop(uid, None)
        self._rests.pop(uid, None)
        self._busy.discard(uid)


def _only_progress(job: RenderJob, decision: Decision) -> bool:
    if decision.events or any(isinstance(action, (Start, Stop)) for action in decision.actions):
        return False
    return _news(job.status) == _news(decision.status)


def _news(status: RenderJobStatus) -> tuple[object, ...]:
    """What somebody may wait for."""
    conditions = [(condition.type, condition.status, condition.reason) for condition in status.conditions]
    return status.state, status.error, status.observed_generation, conditions
