"""What running attempts have written so far: read only, bounded, and answered in a few bytes each."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from renderjob.frames import FilePattern, FrameSet

from .look import GRAIN, MOST

FILES = 1000
"""Files of one attempt that are asked for one by one; of more frames, the directory is read."""

ENTRIES = 200_000
"""Entries of a directory that are read."""


@dataclass(frozen=True, slots=True)
class RunningAttempt:
    """An attempt that is looked at."""

    id: int
    frames: FrameSet
    since: float
    """Seconds since the epoch when it was first seen running; what is older is not its work."""
    own: Path | None = None
    """Its own directory, if it has one."""


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """What was found of one attempt."""

    id: int
    at: float
    """Seconds since the epoch when the newest file was written."""
    frames: int
    """Frames of which all files are there."""


def look_at_running(
    directory: Path, patterns: Sequence[FilePattern], running: Sequence[RunningAttempt], min_bytes: int = 1
) -> list[WrittenFiles]:
    """Look at the files of attempts that run; those that have written nothing are left out.

    Args:
        directory: where frames lie.
        patterns: the names of a frame's files.
        running: the attempts.
        min_bytes: a smaller file is a sign of life, and no frame.
    """
    found = []
    for attempt in running:
        there: set[int] | None = None
        newest = 0.0
        for pattern in patterns:
            frames, at = _written(directory, pattern, attempt, min_bytes)
            there, newest = frames if there is None else there & frames, max(newest, at)
        if newest:
            found.append(WrittenFiles(attempt.id, newest, len(there or ())))
    return found


def _written(
    directory: Path, pattern: FilePattern, attempt: RunningAttempt, min_bytes: int
) -> tuple[set[int], float]:
    """The frames whose files of one name are there, and when the newest of these was written."""
    there, newest = set(), 0.0
    for place, since in ((directory, attempt.since - GRAIN), (attempt.own, 0.0)):
        for frame, at, size in _files(place, pattern, attempt.frames) if place else ():
            if at >= since:
                newest = max(newest, at)
                there |= {frame} if size >= min_bytes else set()
    return there, newest


def _files(directory: Path, pattern: FilePattern, frames: FrameSet) -> Iterator[tuple[int, float, int]]:
    """Frames, and when their files were written, and their sizes. No link is followed."""
    names = {frame: pattern.name(frame) for frame in frames} if len(frames) <= FILES else {}
    if not names:
        below = Path(pattern.name(frames.first)).parent
        prefix = "" if below == Path() else f"{below.as_posix()}/"
        with suppress(OSError), os.scandir(directory / below) as entries:
            for name in (prefix + entry.name for entry in islice(entries, ENTRIES)):
                frame = pattern.match(name)
                if frame is not None and frame in frames:
                    names[frame] = name
    for frame, name in names.items():
        with suppress(OSError):
            found = (directory / name).lstat()
            if stat.S_ISREG(found.st_mode):
                yield frame, found.st_mtime, found.st_size


def written_answer(found: Sequence[WrittenFiles], most: int = MOST) -> str:
    """JSON; of so many as fit `most` bytes, the others have written nothing that anybody knows of."""
    rows = [[each.id, int(each.at), each.frames] for each in found]
    while len(text := json.dumps({"written": rows}, separators=(",", ":"))) > most:
        rows.pop()
    return text


def parse_written(text: str, asked: Collection[int]) -> list[WrittenFiles]:
    """What an answer tells of attempts that were asked for.

    Raises:
        ValueError: it is no answer.
    """
    try:
        if len(text) > 2 * MOST:
            raise ValueError(f"{len(text)} characters")
        rows = [
            WrittenFiles(int(id_), float(at), int(frames)) for id_, at, frames in json.loads(text)["written"]
        ]
        return [row for row in rows if row.id in asked and 0 <= row.at < 2**33 and row.frames >= 0]
    except (TypeError, KeyError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"no answer of a look: {text[:200]!r}") from error
