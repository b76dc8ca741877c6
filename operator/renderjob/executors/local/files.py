"""Files that appear: which frames of a running attempt have theirs, and whether anything is being written; blocks.

A renderer that prints nothing is seen to get on by what it writes. A look is cheap and bounded, whatever lies there:
of the attempt's own directory so many entries, of a directory that others write to, too, so many of its frames.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.core import Attempt, Kind
from renderjob.frames import EMPTY, FilePattern, FrameSet
from renderjob.workload import chunk_file

EVERY = 1.0
"""Seconds between two looks at an attempt, at most; a shorter timeouts.stall is looked at more often."""

ENTRIES = 4096
"""Entries of an attempt's own directory that one look reads."""

FILES = 256
"""Files of frames that one look asks for where others write, too."""

_GRAIN = 0.05
"""Seconds by which a file's time may lie before the clock's: file systems use a coarser clock."""

_State = tuple[int, int, int]


@dataclass(slots=True)
class FrameWatch:
    """The files of one attempt that runs: of several files a frame, each by its own name."""

    watches: tuple[FileWatch, ...]

    @property
    def there(self) -> FrameSet:
        """Frames of which all files are there."""
        first, *others = (watch.there for watch in self.watches)
        for other in others:
            first = first & other
        return first

    def look(self, since: float) -> bool:
        """Look once; whether anything was written since the last look.

        Args:
            since: seconds since the epoch; an older file is not this attempt's work.
        """
        written = [watch.look(since) for watch in self.watches]
        return any(written)


@dataclass(slots=True)
class FileWatch:
    """The files of one name of an attempt that runs."""

    attempt: Attempt
    directory: Path
    """output.path on this machine."""
    fence: Path | None
    """The attempt's own directory."""
    pattern: FilePattern | None
    """The file of a frame."""
    file: str | None
    """The file of the chunk."""
    least: int
    """Bytes of a file that counts."""
    there: FrameSet = EMPTY
    """Frames whose files are there."""
    _newest: _State = (0, 0, 0)
    _at: int = 0

    def look(self, since: float) -> bool:
        """Look once; whether anything was written since the last look.

        Args:
            since: seconds since the epoch; an older file is not this attempt's work.
        """
        before = (self.there, self._newest)
        # What a renderer writes to its own directory is its own; elsewhere lies what others wrote before.
        self._newest = max(self._newest, self._own(), self._others(since - _GRAIN))
        return (self.there, self._newest) != before

    def _own(self) -> _State:
        if self.fence is None:
            return (0, 0, 0)
        if self.pattern is None:
            return self._state(self.fence, [0], 0.0)
        below = Path(self.pattern.name(self.attempt.frames.first)).parent
        prefix = "" if below == Path() else f"{below.as_posix()}/"
        frames = [self._newest[1]]
        with suppress(OSError), os.scandir(self.fence / below) as entries:
            names = (self.pattern.match(prefix + entry.name) for entry in islice(entries, ENTRIES))
            frames += [frame for frame in names if frame is not None and frame not in self.there]
        return self._state(self.fence, frames, 0.0)

    def _others(self, since: float) -> _State:
        if self.pattern is None:
            return self._state(self.directory, [0], since)
        left = self.attempt.frames - self.there
        # The last that was found may grow still; of the others so many, in turns.
        frames = [self._newest[1], *left.slice(self._at, self._at + FILES)]
        self._at = self._at + FILES if self._at + FILES < len(left) else 0
        return self._state(self.directory, frames, since)

    def _state(self, directory: Path, frames: list[int], since: float) -> _State:
        """When the newest file was written, of which frame it is, and its size; frames are noted as there."""
        found, newest = [], (0, 0, 0)
        for frame in frames:
            if self.pattern is not None and frame not in self.attempt.frames:
                continue
            name = self.file if self.pattern is None else self.pattern.name(frame)
            with suppress(OSError):
                stat = (directory / (name or "")).stat()
                if stat.st_mtime < since:
                    continue
                newest = max(newest, (stat.st_mtime_ns, frame, stat.st_size))
                if self.pattern is not None and stat.st_size >= self.least:
                    found.append(frame)
        self.there |= FrameSet(found)
        return newest


def watch_of(
    job: RenderJob, attempt: Attempt, directory: Path | None, fence: Path | None
) -> FrameWatch | None:
    """What to look at while an attempt runs; None: nobody knows the names of what it writes."""
    output = job.spec.output
    if output is None or directory is None or attempt.kind is not Kind.RENDER:
        return None
    file = chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks)
    patterns = [FilePattern(text) for text in output.patterns] if file is None else [None]
    if not patterns:
        return None
    return FrameWatch(
        tuple(FileWatch(attempt, directory, fence, each, file, output.min_bytes) for each in patterns)
    )


def interval(job: RenderJob) -> float:
    """Seconds between two looks: several within timeouts.stall."""
    stall = job.spec.timeouts.stall
    return EVERY if stall is None else min(EVERY, stall / 4)
