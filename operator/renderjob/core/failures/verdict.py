"""A verdict: what an attempt that ended without success means, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from renderjob.api import FailureClass, RenderJobSpec
from renderjob.core.inflight import InFlight
from renderjob.core.observed import AttemptObservation


class Cost(StrEnum):
    """What follows from a failure."""

    RETRY = "Retry"
    """Spends one of the chunk's retries."""
    FREE = "Free"
    """Tried again at once; spends nothing."""
    BACK_OFF = "BackOff"
    """The whole job waits; spends nothing."""
    FAIL_CHUNK = "FailChunk"
    """The chunk is not tried again in this pass."""
    FAIL_JOB = "FailJob"
    """The job is lost."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failed attempt means."""

    failure_class: FailureClass
    cost: Cost
    message: str
    """For a person: the log's last line, or our own words."""
    raise_memory: bool = False
    """The next attempt should get more memory."""
    said: str = ""
    """The log's last line, where the message is our own words. How two failed is not compared by it."""

    @property
    def text(self) -> str:
        """All that there is to tell."""
        return f"{self.message}; last said: {self.said}" if self.said else self.message


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that has ended, with what a classifier needs to know."""

    attempt: InFlight
    seen: AttemptObservation
    spec: RenderJobSpec

    @property
    def last_line(self) -> str:
        """The log's last line that says something."""
        lines = [line.strip() for line in self.seen.log.splitlines() if line.strip()]
        return lines[-1][:400] if lines else ""


Classifier = Callable[[Ended], Verdict | None]
"""A verdict, or None when the attempt's end is none of its business."""
