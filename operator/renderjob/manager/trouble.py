"""Trouble: what a job is told of looks at it that fail again and again."""

from __future__ import annotations

from renderjob.core import Event

DEFECTS = 3
"""Looks in a row that broke, after which a job is told: the first may be a passing state of things."""
REFUSALS = 8
"""Looks in a row that could not be finished, for a reason that does not pass by itself."""
LONGEST = 300.0
"""Seconds: the longest pause before a job is looked at again that breaks every look."""

DEFECT = "InternalError"
UNFINISHED = "NotDone"


def sentence(error: BaseException) -> str:
    """What broke, for a person who can't mend it."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"renderjob can't work on this job, by a defect of its own ({words[:600]}); it is tried again in growing "
        "pauses, and when the job is edited; please report it"
    )


def unfinished(error: BaseException) -> Event:
    """What keeps going wrong, in the words of who does not do it."""
    return Event(UNFINISHED, f"{error}"[:900] + "; it is tried again in growing pauses", warning=True)


def passes(error: BaseException) -> bool:
    """Whether a failure is the way's to the store or the cluster, which all jobs share: none is told of it."""
    cause = error.__cause__
    return (
        isinstance(error, OSError) or isinstance(cause, OSError) or bool(getattr(cause, "transient", False))
    )
