"""What is read of running attempts' logs: a moment of one, and who follows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from renderjob.api import RenderJob
from renderjob.core.inflight import InFlight
from renderjob.executors.kubernetes.views import PodView
from renderjob.frames import EMPTY, FrameSet
from renderjob.manager import Listener


@dataclass(frozen=True, slots=True)
class LiveLog:
    """A moment of a log that is followed."""

    fraction: float = 0.0
    """How far the attempt is, 0 to 1."""
    frames_done: FrameSet = EMPTY
    """Frames that it says are finished."""
    fail: str = ""
    """The renderer's word that it failed."""
    unsaved: str = ""
    """Its word that it could not save a frame."""
    active: datetime | None = None
    """When it last said anything."""
    connected: bool = True
    """Whether it would be heard if it said something."""


class LiveLogs(Protocol):
    """Follows logs of attempts, as many as it may."""

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with a RenderJob's uid when a log of its attempts said something."""

    def of(self, job: RenderJob, attempt: InFlight | None, pods: Sequence[PodView]) -> LiveLog | None:
        """What is known of a running attempt's log; None while it is not followed."""

    def keep(self, uid: str, ids: Collection[int]) -> None:
        """Of a RenderJob only these attempts run: follow no other."""


class NoLogs:
    """Follows nothing: progress is told by chunks."""

    def subscribe(self, listener: Listener) -> None:
        """Nothing is told."""

    def of(self, job: RenderJob, attempt: InFlight | None, pods: Sequence[PodView]) -> LiveLog | None:
        """Nothing is known."""
        del job, attempt, pods
        return None

    def keep(self, uid: str, ids: Collection[int]) -> None:
        """There is nothing to let go."""
