"""What an edit would cost, before it is applied: asked of the same decision that would follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from renderjob.api import RenderJobSpec, RenderJobStatus, frames_of
from renderjob.frames import FrameSet

from .decide import decide
from .inflight import parse
from .observed import AttemptObservation, Observed, Phase


@dataclass(frozen=True, slots=True)
class EditCost:
    """What becomes of the frames of a job when its spec is edited."""

    kept: FrameSet
    """Rendered, and good as they are."""
    again: FrameSet
    """Rendered, and rendered once more: the edit can change their pixels."""
    missing: FrameSet
    """Asked for and not rendered yet."""
    dropped: FrameSet
    """Rendered, and not asked for any more; their files stay."""
    stopped: FrameSet
    """Being rendered, and stopped by the edit."""
    seconds: float | None
    """Until all is rendered, from the frame times so far; None while they are unknown."""


def edit_cost(
    before: RenderJobSpec, after: RenderJobSpec, status: RenderJobStatus, uid: str, now: datetime
) -> EditCost:
    """The cost of an edit of a job that is in this state.

    Args:
        before: the spec as it is.
        after: the spec as it would be.
        status: what is known of the job.
        uid: of the job.
        now: the time, with a zone.
    """
    running = tuple(
        AttemptObservation(id=parse(text).id, phase=Phase.RUNNING, started_at=now)
        for text in status.in_flight
    )
    seen = Observed(uid=uid, generation=status.observed_generation + 1, attempts=running, looks=True)
    decided = decide(after, status, seen, now).status
    asked, rendered = frames_of(after.frames), FrameSet.parse(status.frames.completed)
    kept = FrameSet.parse(decided.frames.completed) & asked
    stopped = [entry.frames for entry in map(parse, decided.in_flight) if entry.stop is not None]
    todo = len(asked - kept)
    return EditCost(
        kept=kept,
        again=(rendered & asked) - kept,
        missing=asked - rendered,
        dropped=(rendered & frames_of(before.frames)) - asked,
        stopped=FrameSet.union_of(stopped),
        seconds=_seconds(after, status, todo),
    )


def _seconds(spec: RenderJobSpec, status: RenderJobStatus, frames: int) -> float | None:
    times = status.frame_seconds
    if not times.recent:
        return None
    chunks = math.ceil(frames / spec.chunk_size)
    slots = max(1, min(spec.parallelism, chunks))
    return (frames * times.p50 + chunks * times.startup) / slots
