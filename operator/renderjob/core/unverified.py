"""Frames that a renderer says it rendered, and that wait for a look at their files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from renderjob.api import RenderJobSpec
from renderjob.api.status import MAX_UNVERIFIED
from renderjob.frames import FrameSet

from .inflight import InFlight
from .observed import AttemptObservation
from .work import Unverified, Work


def is_verified_later(spec: RenderJobSpec, attempt: InFlight, seen: AttemptObservation) -> bool:
    """Whether an attempt that succeeded left files that nobody has looked for."""
    if spec.output is None or seen.missing is not None:
        return False
    explicit = spec.chunks.explicit
    if explicit is not None and explicit[attempt.chunk].output:
        return True
    return spec.output.file is not None or (explicit is None and spec.output.chunk_file is not None)


def check_since(work: Work, attempt: InFlight, seen: AttemptObservation) -> datetime | None:
    """For an attempt that did not succeed: since when its files would be its work; None when no look would tell.

    A renderer that died after 40 of 50 frames has left 40 files, and its log's end names only the last of them.
    """
    output = work.spec.output
    if work.observed.looks or seen.missing is not None or work.layout.atomic:
        return None
    if output is None or output.file is None:
        return None
    return seen.started_at or began_at(attempt)


def began_at(attempt: InFlight) -> datetime | None:
    """When an attempt that is gone was first seen running."""
    return datetime.fromtimestamp(attempt.began, UTC) if attempt.began else None


def add_unverified(work: Work, frames: FrameSet, attempts: int) -> None:
    """Frames that wait for a look at their files, after so many attempts at them."""
    if not frames:
        return
    for index, group in enumerate(work.unverified):
        if group.attempts == attempts:
            work.unverified[index] = replace(group, frames=group.frames | frames)
            return
    if len(work.unverified) < MAX_UNVERIFIED:
        work.unverified.append(Unverified(frames, attempts))
        return
    # Bounded, whatever has failed: the last group takes the rest in.
    last = work.unverified[-1]
    work.unverified[-1] = Unverified(last.frames | frames, max(last.attempts, attempts))
