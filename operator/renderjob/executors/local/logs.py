"""Log files: one for each attempt, named so that a chunk's and a frame's are found without a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from renderjob.core import Attempt, Kind

TAIL_BYTES = 16 * 1024
"""What of a log's end rules are matched against, and what is read to find its last line."""

_LETTERS: Final = {Kind.MERGE: "m", Kind.CHECK: "t"}

_NAME = re.compile(r"^(\d+)_(m|t|c\d+)_a(\d+)(?:_f(-?\d+)_(-?\d+))?_t(\d+)\.log$")


@dataclass(frozen=True, slots=True)
class LogFile:
    """The log of one attempt."""

    path: Path
    id: int
    chunk: int | None
    """None for the merge, and for a check of it."""
    attempt: int
    first: int | None
    last: int | None
    started: datetime

    def shows(self, *, chunk: int | None = None, frame: int | None = None) -> bool:
        """Whether it is of this chunk, and may be of this frame."""
        if chunk is not None and self.chunk != chunk:
            return False
        if frame is None:
            return True
        return self.first is not None and self.last is not None and self.first <= frame <= self.last


def log_name(attempt: Attempt, started: datetime) -> str:
    """`<id>_c<chunk>_a<attempt>_f<first>_<last>_t<milliseconds>.log`.

    For the merge it is `m`, for a check of it `t`, and no frames.
    """
    what = _LETTERS.get(attempt.kind, f"c{attempt.chunk}")
    frames = "" if attempt.kind in _LETTERS else f"_f{attempt.frames.first}_{attempt.frames.last}"
    milliseconds = round(started.timestamp() * 1000)
    return f"{attempt.id:06d}_{what}_a{attempt.number}{frames}_t{milliseconds}.log"


def log_files(directory: Path) -> list[LogFile]:
    """A job's logs, the oldest attempt first."""
    return sorted(_read(directory), key=lambda file: file.id)


def _read(directory: Path) -> Iterator[LogFile]:
    if not directory.is_dir():
        return
    for path in directory.iterdir():
        match = _NAME.match(path.name)
        if match:
            id_, chunk, attempt, first, last, started = match.groups()
            yield LogFile(
                path,
                int(id_),
                None if chunk in _LETTERS.values() else int(chunk[1:]),
                int(attempt),
                int(first) if first else None,
                int(last) if last else None,
                datetime.fromtimestamp(int(started) / 1000, UTC),
            )


def tail(path: Path) -> str:
    """The end of a log, at most TAIL_BYTES of it; empty when there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
