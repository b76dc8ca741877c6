"""Trouble: what is recorded of reconciliations that keep failing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renderjob.api import EventReason, Reason
from renderjob.core import Event

from .queue import LAST_DELAY
from .repository import TooLargeError

DEFECTS = 3
"""Reconciliations in a row that broke, after which its status says so: the first may be a passing state of things."""
REFUSALS = 8
"""Reconciliations in a row that could not be finished, after which an event says what keeps them from it."""
LONGEST = 300.0
"""Seconds: the longest pause before a job is reconciled again that fails every time, by its own fault."""

DEFECT = Reason.INTERNAL_ERROR


@dataclass(slots=True)
class _Streak:
    since: float
    count: int = 0
    reported: bool = False


class Troubles:
    """Tells a job's own trouble from that of the way to the store or the cluster, which all jobs share.

    An API server answers 5xx when it is in trouble, and also for a single object that is too large to be written, or
    whose namespace has a webhook that fails. While the writes of other jobs get through, it is the job's own.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` is a steady clock."""
        self._seconds = seconds
        self._streaks: dict[str, _Streak] = {}
        self._last = self._other = ("", float("-inf"))
        """Who wrote last, and when; and the same of the last one who was somebody else."""

    def wrote(self, uid: str) -> None:
        """A write of a job got through."""
        if self._last[0] != uid:
            self._other = self._last
        self._last = uid, self._seconds()

    def failed(self, uid: str) -> None:
        """A job could not be reconciled."""
        self._streaks.setdefault(uid, _Streak(self._seconds())).count += 1

    def own(self, uid: str, error: BaseException) -> bool:
        """Whether what failed lately is this job's own trouble."""
        streak = self._streaks.get(uid)
        if not passes(error) or streak is None:
            return True
        _, at = self._other if self._last[0] == uid else self._last
        return streak.count >= REFUSALS and at > streak.since

    def longest_pause(self, uid: str, error: BaseException) -> float:
        """Seconds until it is tried again, at most: what passes with everybody's trouble is tried soon."""
        in_vain = isinstance(error, TooLargeError) or (passes(error) and self.own(uid, error))
        return LONGEST if in_vain else LAST_DELAY

    def to_report(self, uid: str, error: BaseException) -> bool:
        """Whether it is to be recorded now; once, however long it goes on."""
        streak = self._streaks.get(uid)
        if streak is None or streak.reported or streak.count < REFUSALS or not self.own(uid, error):
            return False
        streak.reported = True
        return True

    def forget(self, uid: str) -> None:
        """A job was reconciled, or is gone."""
        self._streaks.pop(uid, None)


def sentence(error: BaseException) -> str:
    """What broke, for a person who can't mend it."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"renderjob can't work on this job, by a defect of its own ({words[:600]}); it is tried again in growing "
        "pauses, and when the job is edited; please report it"
    )


def unfinished(error: BaseException) -> Event:
    """What keeps going wrong, in the words of who does not do it."""
    return Event(
        EventReason.NOT_DONE, f"{error}"[:900] + "; it is tried again in growing pauses", warning=True
    )


def passes(error: BaseException) -> bool:
    """Whether a failure may be the way's to the store or the cluster, which all jobs share."""
    cause = error.__cause__
    return not isinstance(error, TooLargeError) and (
        isinstance(error, OSError) or isinstance(cause, OSError) or bool(getattr(cause, "transient", False))
    )
