"""How long frames take: learnt from chunks that succeeded; chunk sizes and the estimate follow from it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from datetime import timedelta

from renderjob.api import ChunkTime, FrameSeconds, FrameTime, RenderJobSpec, RenderJobStatus
from renderjob.api.duration import short_duration

from .inflight import InFlight
from .observed import AttemptObservation
from .work import Work

REMEMBERED = 32
"""Chunks whose times are remembered."""

_SIZES = tuple(m * 10**e for e in range(7) for m in (1, 2, 5))
_FAR = 10 * 365 * 86400.0
"""Seconds; what an estimate is bounded by, so that no date overflows."""


def learn(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    """Take note of how long a chunk took; `conclude` makes the most of it."""
    if seen.started_at is not None and seen.finished_at is not None:
        seconds = (seen.finished_at - seen.started_at).total_seconds()
        since = seen.waiting_since
        waited = max(0.0, (seen.started_at - since).total_seconds()) if since is not None else 0.0
        work.chunk_times.append((len(attempt.frames), round(seconds, 3), waited, attempt.frames.first))


def fit(chunks: Sequence[ChunkTime]) -> tuple[float, float]:
    """Seconds that a chunk takes before its first frame, and seconds per frame: the line of least squares.

    Where all chunks have the same size, nothing tells the two apart: then all of it counts as the frames'.
    """
    count = len(chunks)
    frames, seconds = sum(c.frames for c in chunks), sum(c.seconds for c in chunks)
    if not frames:
        return 0.0, 0.0
    mean_frames, mean_seconds = frames / count, seconds / count
    variance = sum((c.frames - mean_frames) ** 2 for c in chunks)
    if variance > 0:
        slope = sum((c.frames - mean_frames) * (c.seconds - mean_seconds) for c in chunks) / variance
        startup = mean_seconds - slope * mean_frames
        if slope > 0 and startup > 0:
            return startup, slope
    return 0.0, seconds / frames


def conclude(work: Work) -> None:
    """Frame times, and when the job should be done."""
    if work.chunk_times:
        known = work.before.frame_seconds
        # Of a thousand that ended together only the last are remembered.
        latest = (
            ChunkTime.model_construct(frames=frames, seconds=seconds, waited=round(waited, 3))
            for frames, seconds, waited, _ in work.chunk_times[-REMEMBERED:]
        )
        recent = [*known.recent, *latest][-REMEMBERED:]
        startup, _ = fit(recent)
        ordered = sorted(max(0.0, c.seconds - startup) / c.frames for c in recent)
        seconds, frame = max((took / frames, first) for frames, took, _, first in work.chunk_times)
        slowest = known.slowest
        if slowest is None or seconds > slowest.seconds:
            slowest = FrameTime(frame=frame, seconds=round(seconds, 3))
        work.draft.frame_seconds = FrameSeconds.model_construct(
            p50=round(ordered[(len(ordered) - 1) // 2], 3),
            p90=round(ordered[(len(ordered) - 1) * 9 // 10], 3),
            startup=round(startup, 3),
            slowest=slowest,
            recent=recent,
        )
    _estimate(work)


def adaptive_size(spec: RenderJobSpec, status: RenderJobStatus) -> int | None:
    """Frames in a chunk for chunks.targetDuration, in steps of 1, 2, 5, 10, …; None where the size is fixed.

    Before the first frame time is known a chunk has one frame, and from then on one step more than was ever
    measured: chunks of one and of two frames tell little of what one of a hundred takes.
    """
    target, times = spec.chunks.target_duration, status.frame_seconds
    if target is None:
        return None
    if not times.recent:
        return 1
    # A start-up that takes longer than the target leaves one frame; more would only be later.
    fits = max(0.0, target - times.startup) / max(times.p50, 0.001)
    largest = max(chunk.frames for chunk in times.recent)
    most = next((size for size in _SIZES if size > largest), _SIZES[-1])
    return max((size for size in _SIZES if size <= min(fits, most)), default=1)


def worth_splitting(work: Work, frames: int) -> bool:
    """Whether so many frames take long enough, beside the start-up, to be shared by two chunks."""
    times: FrameSeconds = work.draft.frame_seconds
    return frames > 1 and bool(times.recent) and frames * times.p50 > 2 * times.startup


def _estimate(work: Work) -> None:
    """When the job should be done. Recomputed only when an attempt ended or began, so that it is no clock."""
    known: FrameSeconds = work.draft.frame_seconds
    running = len(work.renders)
    if not known.recent or not running:
        work.draft.estimated_completion = None
        work.draft.estimated_completion_p90 = None
        work.draft.eta_shown = ""
        return
    if work.counts == dict(work.before.attempts) and running == work.before.active:
        return
    likely, late = _seconds_left(work, known, (known.p50, known.p90))
    work.draft.estimated_completion = (work.now + timedelta(seconds=likely)).replace(microsecond=0)
    work.draft.estimated_completion_p90 = (work.now + timedelta(seconds=max(likely, late))).replace(
        microsecond=0
    )
    work.draft.eta_shown = short_duration(likely)


def _seconds_left(work: Work, times: FrameSeconds, frame_times: Sequence[float]) -> list[float]:
    """Seconds until all is rendered, with as many slots as are busy now, for each of these times of a frame."""
    in_flight, done, longest = 0, 0.0, 0.0
    for attempt in work.renders:
        seen, frames = work.seen.get(attempt.id), len(attempt.frames)
        fraction = min(1.0, seen.fraction) if seen is not None else 0.0
        in_flight += frames
        done += fraction * frames
        longest = max(longest, (1 - fraction) * frames)
    left = len(work.total - work.completed - work.failed - work.unverified_frames) - done
    size = sum(c.frames for c in times.recent) / len(times.recent)
    new = max(0.0, left - in_flight + done)
    waited = statistics.median(chunk.waited for chunk in times.recent)
    starts, slots = math.ceil(new / size) * (times.startup + waited), len(work.renders)
    return [
        min(_FAR, max((left * per_frame + starts) / slots, longest * per_frame)) for per_frame in frame_times
    ]
