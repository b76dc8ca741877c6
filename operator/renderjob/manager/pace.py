"""Pace: how often the status of a job is written; its own, and that of all jobs together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from renderjob.api import RenderJob, RenderJobStatus
from renderjob.core import Decision, Start

TOGETHER = 20.0
"""Writes a second, of all jobs, that tell of nothing but progress."""
LONGEST = 5.0
"""Seconds that such news waits at most, however many jobs there are."""


class Pace:
    """Spreads the looks at a job, and so the writes of its status, over time."""

    def __init__(self, seconds: float, clock: Callable[[], datetime]) -> None:
        """Between two writes of one job's status there are `seconds` at least; 0 spreads nothing."""
        self._seconds = seconds
        self._clock = clock
        self._saved: dict[str, datetime] = {}
        self._looked: dict[str, datetime] = {}
        """When a look found what can wait, since the last write."""
        self._busy: set[str] = set()
        """Jobs that have attempts in flight: their status will change."""

    def pause(self, uid: str) -> float:
        """Seconds for which a job is not to be looked at; 0 when it may be."""
        last = self._looked.get(uid) or self._saved.get(uid)
        if not self._seconds or last is None:
            return 0.0
        elapsed = (self._clock() - last).total_seconds()
        # A clock that was set back makes nobody wait for it.
        return self._seconds - elapsed if 0 <= elapsed < self._seconds else 0.0

    def saved(self, job: RenderJob) -> None:
        """The status of a job was written now, or may have been."""
        uid = job.metadata.uid
        self._saved[uid] = self._clock()
        self._looked.pop(uid, None)
        if job.status.in_flight:
            self._busy.add(uid)
        else:
            self._busy.discard(uid)

    def put_off(self, job: RenderJob, decision: Decision) -> datetime | None:
        """When to write what a look at a job found, if it can wait; None: now.

        With many jobs at work, most of what is written tells of another chunk that has ended. That may be told a
        little later, for several chunks at once. Whatever is news to somebody, or starts something, is not put off.
        """
        uid, now = job.metadata.uid, self._clock()
        last = self._saved.get(uid)
        if not self._seconds or last is None or not _only_progress(job, decision):
            return None
        lag = timedelta(seconds=min(LONGEST, len(self._busy) / TOGETHER))
        if not last <= now < last + lag:
            return None
        self._looked[uid] = now
        return last + lag

    def forget(self, uid: str) -> None:
        """A job is gone."""
        self._saved.pop(uid, None)
        self._looked.pop(uid, None)
        self._busy.discard(uid)


def _only_progress(job: RenderJob, decision: Decision) -> bool:
    if decision.events or any(isinstance(action, Start) for action in decision.actions):
        return False
    return _said(job.status) == _said(decision.status)


def _said(status: RenderJobStatus) -> tuple[object, ...]:
    """What somebody may wait for, or be told by."""
    conditions = [(condition.type, condition.status, condition.reason) for condition in status.conditions]
    return status.state, status.error, status.observed_generation, conditions
