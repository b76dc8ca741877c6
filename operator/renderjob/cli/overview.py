"""An overview of many jobs: how far each is, how fast, what fails, and which machines render."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from renderjob.api import RenderJob

from .backend import Node
from .failing import failures_by_class
from .live.rate import RateMeter
from .tables import Attended, eta, shown_state

_ORDER = ("Running", "Merging", "Pending", "Interrupted", "Suspended", "Failed", "Cancelled", "Completed")
"""What happens now comes first."""

_SETTLING = 15.0
"""Seconds after which a rate that was measured says more than one that follows from frame times."""


@dataclass(frozen=True)
class JobLine:
    """A job at one moment."""

    namespace: str
    name: str
    state: str
    progress: int
    completed: int
    total: int
    active: int
    rate: float
    """Frames a second."""
    left: str
    failing: str
    """How many attempts failed, by class."""


@dataclass(frozen=True)
class Overview:
    """All jobs at one moment, those that render now first."""

    lines: tuple[JobLine, ...]
    nodes: tuple[Node, ...]

    @property
    def several_namespaces(self) -> bool:
        """Whether a name alone does not say which job is meant."""
        return len({line.namespace for line in self.lines}) > 1

    @property
    def rate(self) -> float:
        """Frames a second of all."""
        return sum(line.rate for line in self.lines)


class Overseer:
    """Makes overviews, one after the other, and remembers how far each job was."""

    def __init__(self, attended: Attended) -> None:
        """`attended` says whether something works on a job."""
        self._attended = attended
        self._meters: dict[str, tuple[float, RateMeter]] = {}

    def look(self, jobs: Sequence[RenderJob], nodes: Sequence[Node], now: float | None = None) -> Overview:
        """The jobs as they are at `now`, in seconds of a monotonic clock."""
        now = time.monotonic() if now is None else now
        self._meters = {job.metadata.uid: self._meter(job, now) for job in jobs}
        lines = [self._line(job, now) for job in sorted(jobs, key=self._rank)]
        return Overview(tuple(lines), tuple(nodes))

    def _meter(self, job: RenderJob, now: float) -> tuple[float, RateMeter]:
        since, meter = self._meters.get(job.metadata.uid, (now, RateMeter(window=30.0)))
        status = job.status
        # Percent know of frames inside of running chunks, completed frames only of whole chunks.
        meter.add(now, max(status.completed_frames, status.progress * status.total_frames / 100))
        return since, meter

    def _state(self, job: RenderJob) -> str:
        return shown_state(job, attended=self._attended(job))

    def _rank(self, job: RenderJob) -> tuple[int, float]:
        state = self._state(job)
        ended = job.status.completed_at
        # Of those that ended, the last one first.
        moment = -ended.timestamp() if ended else _timestamp(job.metadata.creation_timestamp)
        return (_ORDER.index(state) if state in _ORDER else len(_ORDER), moment)

    def _line(self, job: RenderJob, now: float) -> JobLine:
        meta, status = job.metadata, job.status
        attended = self._attended(job)
        return JobLine(
            namespace=meta.namespace,
            name=meta.name,
            state=self._state(job),
            progress=status.progress,
            completed=status.completed_frames,
            total=status.total_frames,
            active=status.active if attended else 0,
            rate=self._rate(job, now) if attended else 0.0,
            left=eta(job, datetime.now(UTC)) if attended and not status.state.terminal else "",
            failing=", ".join(f"{number} {name}" for name, number in failures_by_class(job).items()),
        )

    def _rate(self, job: RenderJob, now: float) -> float:
        status = job.status
        if status.state.terminal or not status.active:
            return 0.0
        since, meter = self._meters[job.metadata.uid]
        measured, median = meter.rate(), status.frame_seconds.p50
        if (measured and now - since >= _SETTLING) or not median:
            return measured
        return status.active / median


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
