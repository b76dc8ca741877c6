"""Snapshot: a running job at one moment, with what its attempts have done and how fast, for any kind of view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from renderjob.api import ConditionType, RenderJob, State, frames_of
from renderjob.core import Kind
from renderjob.frames import FrameSet

from .attempts import LiveAttempt

ENOUGH = 5.0
"""Frames that a rate is measured over at least, where there are so many."""

_GRAIN = 0.25
_MEMORY = 120.0


class RateMeter:
    """Frames a second over a sliding window.

    The window reaches back further when few frames fall into it, so that a frame a minute is a rate and not
    now nothing, now a burst.
    """

    def __init__(self, window: float = 10.0) -> None:
        """`window` is in seconds."""
        self._window = window
        self._points: list[tuple[float, float]] = []

    def add(self, time: float, frames: float) -> None:
        """Note how many frames are rendered at a time; fractions of frames count."""
        points = self._points
        if points and frames < points[-1][1]:
            # An attempt failed, and what it had done is not done: begin anew from here.
            points.clear()
        if len(points) > 1 and points[-1][0] - points[-2][0] < _GRAIN:
            points[-1] = (time, frames)
        else:
            points.append((time, frames))
        while len(points) > 2 and time - points[1][0] > _MEMORY and frames - points[1][1] >= ENOUGH:
            del points[0]

    def rate(self, window: float | None = None) -> float:
        """Frames a second; 0 while nothing is known."""
        if len(self._points) < 2:
            return 0.0
        now, frames = self._points[-1]
        reach = self._window if window is None else window
        enough = ((s, f) for s, f in reversed(self._points) if now - s >= reach and frames - f >= ENOUGH)
        since, before = next(enough, self._points[0])
        return (frames - before) / (now - since) if now > since else 0.0

    def remaining(self, frames: float) -> float | None:
        """Seconds that so many frames will take; None while nothing is known."""
        rate = self.rate(60.0)
        return frames / rate if rate > 0 else None


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

    def observe(self, job: RenderJob, attempts: Sequence[LiveAttempt], now: float) -> Snapshot:
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
