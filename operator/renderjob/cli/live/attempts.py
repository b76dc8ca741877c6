"""LiveAttempt: a running attempt, for whoever shows it, wherever it runs; and the machines that run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from renderjob.api import RenderJob
from renderjob.core import Kind
from renderjob.core.inflight import InFlight
from renderjob.frames import EMPTY, FrameSet

if TYPE_CHECKING:
    from renderjob.executors.local import LocalAttempt


@dataclass(frozen=True, slots=True)
class LiveAttempt:
    """A running attempt, with what it has printed so far."""

    id: int
    kind: Kind
    frames: FrameSet
    number: int
    """Which attempt at these frames."""
    fraction: float = 0.0
    """How far it is, 0 to 1."""
    frames_done: FrameSet = EMPTY
    """What it says is finished."""
    current_frame: int | None = None
    status: str = ""
    """What it does, or what it waits for, in words."""
    started: datetime | None = None
    """None while it waits to begin, or when that is not known."""


@dataclass(frozen=True)
class Node:
    """A machine that renders chunks of ours."""

    name: str
    running: int
    """Chunks."""
    jobs: int
    """RenderJobs that they are of."""


class Attempts(Protocol):
    """Looks at the running attempts of one job, again and again."""

    def observe(self, job: RenderJob) -> Sequence[LiveAttempt]:
        """The attempts in flight, as the status of `job` has them."""


def unseen(entry: InFlight) -> LiveAttempt:
    """An attempt of which nothing is known but what the status says."""
    began = datetime.fromtimestamp(entry.began, UTC) if entry.began else None
    return LiveAttempt(entry.id, entry.kind, entry.frames, entry.number, started=began)


def of_processes(attempts: Sequence[LocalAttempt]) -> list[LiveAttempt]:
    """The attempts that run on this machine."""
    return [_of_process(attempt) for attempt in attempts]


def _of_process(local: LocalAttempt) -> LiveAttempt:
    attempt, reader = local.attempt, local.reader
    return LiveAttempt(
        id=attempt.id,
        kind=attempt.kind,
        frames=attempt.frames,
        number=attempt.number,
        fraction=reader.fraction,
        frames_done=local.frames_seen,
        current_frame=reader.current_frame,
        status=reader.status or "",
        started=local.started,
    )
