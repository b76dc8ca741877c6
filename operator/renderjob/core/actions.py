"""What an executor is asked to do. Every action is idempotent and may be asked again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from renderjob.frames import EMPTY, FrameSet


class Kind(StrEnum):
    """What an attempt does."""

    RENDER = "Render"
    MERGE = "Merge"
    VERIFY = "Verify"
    """Looks whether rendered frames are on the disk, for an executor that can't look itself."""
    CHECK = "Check"
    """Tries whether the first frames can be merged, and keeps nothing."""
    LOOK = "Look"
    """Looks what running attempts have written, for such an executor, before they are given up as stalled."""


class StopReason(StrEnum):
    """Why a running attempt is stopped. All but the last three are free: the attempt did nothing wrong."""

    SUSPEND = "Suspend"
    CANCEL = "Cancel"
    EDIT = "Edit"
    SURPLUS = "Surplus"
    LOST_JOB = "LostJob"
    STALLED = "Stalled"
    TIMED_OUT = "TimedOut"
    LINGERED = "Lingered"
    """Its renderer has failed, and a container beside it keeps its pod."""

    @property
    def free(self) -> bool:
        """Whether the attempt is blameless."""
        return self not in (StopReason.STALLED, StopReason.TIMED_OUT, StopReason.LINGERED)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a chunk or at the merge."""

    id: int
    """Unique in its job, and never used again."""
    kind: Kind
    """What it does."""
    frames: FrameSet
    """The frames of the chunk; for the merge, all that there are; for a verification, those to look for."""
    chunk: int
    """The number of the chunk in the layout; 0 for anything but a chunk."""
    chunks: int
    """Number of chunks in the layout."""
    number: int
    """Which attempt at these frames, from 1."""
    memory: int | None = None
    """Bytes of memory, when it was raised above the template's."""
    avoid: tuple[str, ...] = ()
    """Nodes that it must not run on."""
    shun: tuple[str, ...] = ()
    """Nodes that it had better not run on: it failed there."""
    beside: FrameSet = EMPTY
    """Of a verification of fenced frames: ids of the attempts that were in flight when it began. Of a look: ids of
    the attempts that it is about."""
    memories: tuple[tuple[str, int], ...] = ()
    """Bytes of memory of containers beside the renderer, by their names, where that was raised."""


@dataclass(frozen=True, slots=True)
class Start:
    """Start an attempt, unless one of this id is there already."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Stop:
    """End an attempt: ask, wait its grace period, then force."""

    id: int
    reason: StopReason


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove what is left of a finished attempt: its result is in the status, and it is not kept any longer."""

    id: int
    failed: bool
    """Whether it failed: then its log goes, too, where that is a file of the executor's."""


Action = Start | Stop | Forget
