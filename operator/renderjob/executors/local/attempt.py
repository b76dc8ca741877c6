"""A local attempt: its process, its log as far as it was read, and what is to be told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from renderjob.core import Attempt, AttemptObservation, Phase
from renderjob.frames import EMPTY, FrameSet
from renderjob.progress import ProgressReader

from .logs import tail
from .process import Process

_PIECE = 1 << 20


@dataclass(slots=True)
class LocalAttempt:
    """One attempt as the local executor holds it."""

    attempt: Attempt
    log: Path
    reader: ProgressReader
    started: datetime
    memory: int | None = None
    process: Process | None = None
    active: datetime | None = None
    finished: datetime | None = None
    phase: Phase = Phase.RUNNING
    exit_code: int | None = None
    missing: FrameSet | None = None
    config: str = ""
    out_of_memory: bool = False
    kills_before: int = 0
    """Memory kills by the kernel before it started."""
    _read: int = field(default=0)
    _closed: bool = field(default=False)

    def follow(self) -> bool:
        """Read what the log has grown by. Whether there was anything: a sign of life."""
        if self._closed:
            return False
        try:
            with self.log.open("rb") as file:
                file.seek(self._read)
                grown = False
                while piece := file.read(_PIECE):
                    self._read += len(piece)
                    self.reader.feed(piece)
                    grown = True
        except FileNotFoundError:
            return False
        if grown:
            self.active = datetime.now(UTC)
        return grown

    def close(self) -> None:
        """Read the rest of the log of an attempt that has ended."""
        self.follow()
        self.reader.close()
        # What it left behind may have written to the log until it, too, was killed.
        self._closed = True

    @property
    def frames_done(self) -> FrameSet:
        """The frames that the log says are finished, and that would outlive the attempt."""
        # Frames inside one movie file die with the process that writes it.
        return EMPTY if self.reader.movie else FrameSet(self.reader.frames_done)

    def observation(self) -> AttemptObservation:
        """What the decision core is told."""
        finished = self.phase is not Phase.RUNNING
        return AttemptObservation(
            id=self.attempt.id,
            phase=self.phase,
            frames_done=self.frames_done,
            missing=self.missing,
            fraction=self.reader.fraction,
            started_at=self.started,
            active_at=self.active,
            finished_at=self.finished,
            exit_code=self.exit_code,
            log=tail(self.log) if finished and self.phase is not Phase.SUCCEEDED else "",
            failed=self.reader.fail or "",
            out_of_memory=self.out_of_memory,
            config=self.config,
            memory=self.memory,
            node="",
        )
