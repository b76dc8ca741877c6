"""No view at all, for a verb that only waits until a job has settled."""

from __future__ import annotations

from collections.abc import Sequence

from renderjob.api import RenderJob
from renderjob.cli.summary import Summary

from .happening import Happening
from .snapshot import Snapshot


class QuietReporter:
    """Tells nothing."""

    period = 0.25

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:
        """Nothing."""

    def happened(self, what: Happening) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def refresh(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def end(self, summary: Summary) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing is open."""
