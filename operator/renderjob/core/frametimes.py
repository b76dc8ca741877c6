"""How long frames take: learnt from chunks that succeeded; chunk sizes and the estimate follow from it."""

from __future__ import annotations

from datetime import timedelta

from renderjob.api import FrameSeconds, FrameTime, RenderJobSpec, RenderJobStatus
from renderjob.api.duration import short_duration

from .inflight import InFlight
from .observed import AttemptObservation
from .work import Work

REMEMBERED = 32
"""Chunks whose frame times are remembered."""

_SIZES = tuple(m * 10**e for e in range(7) for m in (1, 2, 5))


def learn(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    """Take note of the seconds per frame of a chunk; `conclude` makes the most of them."""
    if seen.started_at is not None and seen.finished_at is not None:
        seconds = (seen.finished_at - seen.started_at).total_seconds() / len(attempt.frames)
        work.frame_times.append((round(seconds, 3), attempt.frames.first))


def conclude(work: Work) -> None:
    """Frame times, and when the job should be done."""
    if work.frame_times:
        known = work.before.frame_seconds
        recent = [*known.recent, *(seconds for seconds, _ in work.frame_times)][-REMEMBERED:]
        ordered = sorted(recent)
        seconds, frame = max(work.frame_times)
        slowest = known.slowest
        if slowest is None or seconds > slowest.seconds:
            slowest = FrameTime(frame=frame, seconds=seconds)
        work.put(
            frame_seconds=FrameSeconds.model_construct(
                p50=ordered[(len(ordered) - 1) // 2],
                p90=ordered[(len(ordered) - 1) * 9 // 10],
                slowest=slowest,
                recent=recent,
            )
        )
    _estimate(work)


def adaptive_size(spec: RenderJobSpec, status: RenderJobStatus) -> int | None:
    """Frames in a chunk for chunks.targetDuration, in steps of 1, 2, 5, 10, …; None where the size is fixed.

    Before the first frame time is known a chunk has one frame.
    """
    target = spec.chunks.target_duration
    if target is None:
        return None
    fits = target / max(status.frame_seconds.p50, 0.001) if status.frame_seconds.recent else 1
    return max((size for size in _SIZES if size <= fits), default=1)


def _estimate(work: Work) -> None:
    """When the job should be done. Recomputed only when an attempt ended or began, so that it is no clock."""
    known: FrameSeconds = work.get("frame_seconds")
    running = len(work.renders)
    if not known.recent or not running:
        work.put(estimated_completion=None, eta_shown="")
        return
    if work.counts == dict(work.before.attempts) and running == work.before.active:
        return
    left = len(work.total - work.completed - work.failed)
    mean = sum(known.recent) / len(known.recent)
    seconds = min(left * mean / max(running, 1), 10 * 365 * 86400)
    done_at = (work.now + timedelta(seconds=seconds)).replace(microsecond=0)
    work.put(estimated_completion=done_at, eta_shown=short_duration(seconds))
