"""Reporter: the protocol of views of a running job. A new kind of view is a new class with these methods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from renderjob.api import RenderJob

from .events import JobEvent
from .snapshot import Snapshot
from .summary import Summary


class Reporter(Protocol):
    """Shows a run to somebody."""

    period: float
    """Seconds between refreshes."""

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:
        """The run begins; notes are what the user should know of it."""

    def event(self, event: JobEvent) -> None:
        """Show something that happened to the job."""

    def note(self, text: str) -> None:
        """A sentence that is none of the job's own."""

    def refresh(self, snapshot: Snapshot) -> None:
        """How it is now."""

    def end(self, summary: Summary) -> None:
        """The run is over."""

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""


def moment(time: datetime) -> str:
    """The local time of an event."""
    return time.astimezone().strftime("%H:%M:%S")
