"""Steady: by how much the clock was set back since a job's status was written, as a clock tells that is never set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

NOTICED = 1.0
"""Seconds; less is how clocks are kept right, and no reason to write a status."""


class Steady:
    """Compares the clock of the dates in statuses with one that only ever goes on, job by job."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` is the steady clock."""
        self._seconds = seconds
        self._apart: dict[str, float] = {}
        """How far apart the two clocks were when a job's status was written last."""

    def written(self, uid: str, now: datetime) -> None:
        """The status of a job was decided at this time of the clock, and is written."""
        self._apart[uid] = now.timestamp() - self._seconds()

    def set_back(self, uid: str, now: datetime) -> timedelta:
        """By how much the clock, which says `now`, was set back since then; 0 for a job that is new here."""
        apart = now.timestamp() - self._seconds()
        behind = self._apart.setdefault(uid, apart) - apart
        return timedelta(seconds=behind) if behind >= NOTICED else timedelta()

    def forget(self, uid: str) -> None:
        """A job is gone."""
        self._apart.pop(uid, None)
