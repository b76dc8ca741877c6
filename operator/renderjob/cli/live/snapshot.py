"""Snapshot: a running job at one moment, with what its attempts have done, for any kind of view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from renderjob.api import ConditionType, RenderJob, State, frames_of
from renderjob.core import Kind
from renderjob.frames import FrameSet

from .attempts import LiveAttempt
from .rate import RateMeter


@dataclass(frozen=True)
class ChunkView:
    """A running attempt."""

    frames: str
    merge: bool
    attempt: int
    fraction: float
    current_frame: int | None
    status: str
    seconds: float | None
    """Since it began; None while that is not known."""


@dataclass(frozen=True)
class Snapshot:
    """A job at one moment."""

    job: RenderJob
    chunks: tuple[ChunkView, ...]
    frames_done: int
    """Rendered, with those that running attempts have finished."""
    percent: int
    rate: float
    """Frames a second."""
    left: float | None
    """Seconds until the end, as far as can be told."""
    seconds: float
    """Since this run began."""

    @property
    def retries(self) -> int:
        """Failed attempts so far."""
        return self.job.status.attempts.failed

    @property
    def waits_for(self) -> str:
        """Of a job that can't start anything, since frames of other jobs are not there yet: which, in words."""
        return awaited(self.job)


def awaited(job: RenderJob) -> str:
    """Of a job of which nothing can be started until there are frames of other jobs: which, in words; else empty."""
    ready = next((c for c in job.status.conditions if c.type is ConditionType.READY), None)
    if ready is None or ready.reason != "WaitingForFrames" or job.status.in_flight:
        return ""
    return ready.message.rpartition(" are rendered; ")[2]


class Observer:
    """Makes snapshots of one job, one after the other."""

    def __init__(self, begun: float, *, blind: float = 0.0) -> None:
        """Of a run that began at `begun`.

        For `blind` seconds from the first look no rate is measured: what attempts had done before becomes
        known only then, and is no work of these seconds. It is told after as many more.
        """
        self._begun = begun
        self._blind = blind
        self._first: float | None = None
        self._measures = False
        self._meter = RateMeter()
        self._percent = 0
        self._of: tuple[str, int] | None = None

    def look(self, job: RenderJob, attempts: Sequence[LiveAttempt], now: float) -> Snapshot:
        """The job as it is at `now`, in seconds of a monotonic clock."""
        asked = frames_of(job.spec.frames)
        completed = asked & FrameSet.parse(job.status.frames.completed)
        worth, finished = float(len(completed)), len(completed)
        for attempt in attempts:
            if attempt.kind is Kind.RENDER:
                mine = (attempt.frames & asked) - completed
                finished += len(mine & attempt.frames_done)
                worth += attempt.fraction * len(mine)
        self._first = now if self._first is None else self._first
        if now - self._first >= self._blind:
            self._meter.add(now, worth)
        self._measures = now - self._first >= 2 * self._blind
        rendering = job.status.state in (State.PENDING, State.RUNNING)
        left = self._left(job, len(asked) - worth) if rendering and len(asked) > worth else None
        return Snapshot(
            job=job,
            chunks=tuple(map(_chunk, sorted(attempts, key=lambda a: a.id))),
            frames_done=min(finished, len(asked)),
            percent=self._never_falling(job, worth, len(asked)),
            rate=self._meter.rate() if rendering and self._measures else 0.0,
            left=left,
            seconds=now - self._begun,
        )

    def _left(self, job: RenderJob, frames: float) -> float | None:
        """By the rate of what was seen; until there is one, as frames took so far."""
        measured = self._meter.remaining(frames) if self._measures else None
        due = job.status.estimated_completion
        if measured is not None or due is None:
            return measured
        left = (due - datetime.now(UTC)).total_seconds()
        return left if left > 0 else None

    def _never_falling(self, job: RenderJob, worth: float, total: int) -> int:
        if job.status.state is State.COMPLETED:
            return 100
        percent = min(99, int(100 * worth / total)) if total else 0
        # Only an edit of what is asked for may take progress back.
        of = (job.status.digest, job.status.total_frames)
        if of != self._of:
            self._of, self._percent = of, 0
        self._percent = max(self._percent, percent, job.status.progress)
        return self._percent


def _chunk(attempt: LiveAttempt) -> ChunkView:
    started = attempt.started
    return ChunkView(
        frames=str(attempt.frames),
        merge=attempt.kind in (Kind.MERGE, Kind.CHECK),
        attempt=attempt.number,
        fraction=attempt.fraction,
        current_frame=attempt.current_frame,
        status=attempt.status,
        seconds=(datetime.now(UTC) - started).total_seconds() if started is not None else None,
    )
