"""A local attempt: its process, its log as far as it was read, and what is to be told of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from renderjob.core import Attempt, AttemptObservation, Phase
from renderjob.frames import EMPTY, FrameSet
from renderjob.media import MergeAnswer
from renderjob.progress import ProgressReader

from .files import FrameWatch
from .follow import LogFollower
from .logs import tail
from .process import Process
from .strays import Marks


@dataclass(slots=True)
class LocalAttempt:
    """One attempt as the local executor holds it."""

    attempt: Attempt
    log: Path
    reader: ProgressReader
    started: datetime
    memory: int | None = None
    fence: Path | None = None
    """The directory that it has for itself; None: it writes to output.path."""
    watch: FrameWatch | None = None
    """The files that it writes; None: their names are not known."""
    process: Process | None = None
    marks: Marks = ()
    """What its processes are known by."""
    active: datetime | None = None
    finished: datetime | None = None
    phase: Phase = Phase.RUNNING
    exit_code: int | None = None
    missing: FrameSet | None = None
    unmoved: bool = False
    """Frames of it are rendered and lie in its own directory, since they can't be moved to where frames lie."""
    told: bool = False
    """Something of ours is in its log."""
    answer: MergeAnswer | None = None
    """Of a merge: what it said of itself."""
    lacks: str = ""
    """What was wanted of it and is not there, in words."""
    disk: str = ""
    """Why nothing could be written to where frames lie when it ended, in the words of the system."""
    blocked: str = ""
    """Why what it has rendered can't be moved to where frames lie, while that is waited for."""
    waived: asyncio.Event = field(default_factory=asyncio.Event)
    """Nobody waits any more for what it has rendered to be moved."""
    config: str = ""
    out_of_memory: bool = False
    kills_before: int = 0
    """Memory kills by the kernel before it started."""
    since: float = 0.0
    """Seconds since the epoch, by the clock that files are dated with: an older file is not its work."""
    _begun: float = field(default_factory=time.monotonic)
    _follower: LogFollower = field(init=False)
    _last: AttemptObservation | None = None
    """What was told when it had ended, which does not change any more."""

    def __post_init__(self) -> None:
        self.since = self.started.timestamp()
        self._follower = LogFollower(self.log, self.reader)

    @property
    def seconds(self) -> float:
        """How long it has been running; no change of the clock, and no sleep of the machine, is part of it."""
        return time.monotonic() - self._begun

    def follow(self) -> bool:
        """Read what the log has grown by, for a moment. Whether there was anything: a sign of life."""
        grown = self._follower.look()
        if grown:
            self.alive()
        return grown

    def look(self) -> bool:
        """Look at the files that it writes; blocks. Whether there was anything new: a sign of life."""
        return self.watch is not None and self.watch.look(self.since)

    def alive(self) -> None:
        """It gave a sign of life just now."""
        self.active = self.started + timedelta(seconds=self.seconds)

    @property
    def behind(self) -> int:
        """Bytes of the log that are not read yet."""
        return self._follower.behind

    @property
    def empty(self) -> bool:
        """Whether nothing is in its log, after `close`."""
        return self._follower.empty and not self.told

    def close(self) -> None:
        """Read the rest of the log of an attempt that has ended; blocks while it is `behind`."""
        self._follower.close()

    def ended(self) -> None:
        """It has ended just now."""
        self.finished = self.started + timedelta(seconds=self.seconds)

    def shift(self, jump: float) -> None:
        """The clock was changed, or the machine slept: all times move by so many seconds."""
        self.started += timedelta(seconds=jump)
        if self.active is not None:
            self.active += timedelta(seconds=jump)
        # Files keep the dates that they were written with, before the change and after it.
        self.since = min(self.since, self.since + jump)

    @property
    def frames_done(self) -> FrameSet:
        """The frames that the log says are finished, and that would outlive the attempt."""
        # Frames inside one movie file die with the process that writes it.
        return EMPTY if self.reader.movie else FrameSet(self.reader.frames_done)

    @property
    def frames_seen(self) -> FrameSet:
        """The frames that its log says are finished, and while it runs those whose files are there."""
        if self.watch is None or self.phase is not Phase.RUNNING:
            return self.frames_done
        return self.frames_done | self.watch.there

    def observation(self) -> AttemptObservation:
        """What the decision core is told."""
        if self.phase is Phase.RUNNING:
            return self._observation()
        # It may be kept for long: its log is not read again each time.
        self._last = self._last or self._observation()
        return self._last

    def _observation(self) -> AttemptObservation:
        finished = self.phase is not Phase.RUNNING
        return AttemptObservation(
            id=self.attempt.id,
            phase=self.phase,
            frames_done=self.frames_seen,
            missing=self.missing,
            fraction=self.reader.fraction,
            started_at=self.started,
            active_at=self.active,
            finished_at=self.finished,
            exit_code=self.exit_code,
            log=tail(self.log) if finished and self.phase is not Phase.SUCCEEDED else "",
            bad=self.answer.bad if self.answer else EMPTY,
            refused=bool(self.answer and self.answer.refused),
            answer=self.answer.message if self.answer else "",
            failed=self.reader.fail or "",
            unsaved=self.reader.unsaved or "",
            out_of_memory=self.out_of_memory,
            config=self.config,
            lacks=self.lacks,
            disk=self.disk,
            blocked=self.blocked,
            memory=self.memory,
            node="",
        )
