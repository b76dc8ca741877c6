"""Frames that a renderer says it rendered, and that wait for a look at their files."""

from __future__ import annotations

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
    if spec.chunks.listed_output(attempt.chunk):
        return True
    listed = spec.chunks.explicit is not None
    return spec.output.pattern is not None or (not listed and spec.output.chunk_file is not None)


def check_since(work: Work, attempt: InFlight, seen: AttemptObservation) -> datetime | None:
    """For an attempt that did not succeed: since when its files would be its work; None when no look would tell.

    A renderer that died after 40 of 50 frames has left 40 files, and its log's end names only the last of them.
    """
    output = work.spec.output
    if seen.evidence is not None and seen.evidence.untouched:
        return None
    if work.observed.looks or seen.missing is not None or work.layout.atomic:
        return None
    if output is None or output.pattern is None:
        return None
    return seen.started_at or began_at(attempt)


def began_at(attempt: InFlight) -> datetime | None:
    """When an attempt that is gone was first seen running."""
    return datetime.fromtimestamp(attempt.began, UTC) if attempt.began else None


def add_unverified(work: Work, frames: FrameSet, attempts: int, node: str) -> None:
    """Frames that wait for a look at their files, after so many attempts at them, the last of them on this node."""
    if not frames:
        return
    # They are rendered, whatever became of them before.
    work.failed = work.failed - frames
    groups = work.unverified
    alike = [i for i, group in enumerate(groups) if (group.attempts, group.node) == (attempts, node)]
    if not alike and len(groups) < MAX_UNVERIFIED:
        groups.append(Unverified(frames, attempts, node))
        return
    # Bounded, whatever has failed: the nearest group takes the rest in, and then nobody knows the node.
    near = alike or [i for i, group in enumerate(groups) if group.attempts == attempts] or [-1]
    group = groups[near[0]]
    groups[near[0]] = Unverified(
        group.frames | frames, max(group.attempts, attempts), node if group.node == node else ""
    )
