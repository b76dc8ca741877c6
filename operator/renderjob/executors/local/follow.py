"""Following a log while it is written: a little at each look, so that no renderer's chatter holds up the rest."""

from __future__ import annotations

import os
import time
from pathlib import Path

from renderjob.progress import ProgressReader

LOOK = 0.02
"""Seconds that one look may take; what is left is read at the next one."""

BEHIND = 4 << 20
"""Bytes that reading may lag behind the log; of more, the middle is skipped."""

MOST = 1 << 30
"""Bytes of a log; a longer one begins anew, before a renderer that never stops talking fills the disk."""

_PIECE = 1 << 15
_KEPT = 1 << 18
"""Bytes before the end that are still read when the middle is skipped."""

_NOTE = b"renderjob: the log grew longer than %d bytes, and begins anew here\n"


class LogFollower:
    """Feeds a reader with what a log has grown by."""

    def __init__(self, path: Path, reader: ProgressReader) -> None:
        self._path = path
        self._reader = reader
        self._read = 0
        self._seen = 0
        self._closed = False

    def look(self) -> bool:
        """Read on, for a moment. Whether the log has grown: a sign of life."""
        return self._look(LOOK)

    def close(self) -> None:
        """Read the rest of the log of an attempt that has ended; blocks while `behind` bytes are read."""
        self._look(None)
        self._reader.close()
        # What it left behind may have written to the log until it, too, was killed.
        self._closed = True

    @property
    def behind(self) -> int:
        """Bytes that are not read yet."""
        try:
            return 0 if self._closed else self._path.stat().st_size - self._read
        except FileNotFoundError:
            return 0

    @property
    def empty(self) -> bool:
        """Whether there was nothing in the log at the last look."""
        return not self._seen

    def _look(self, seconds: float | None) -> bool:
        if self._closed:
            return False
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                grown, self._seen = size != self._seen, size
                if size < self._read:
                    self._read = 0  # somebody has cut it
                    self._reader.skip()
                self._skip(file.fileno(), size)
                file.seek(self._read)
                deadline = None if seconds is None else time.monotonic() + seconds
                # Only as far as it was at the beginning: it may grow faster than it is read.
                while self._read < size and (piece := file.read(min(_PIECE, size - self._read))):
                    self._read += len(piece)
                    self._reader.feed(piece)
                    if deadline is not None and time.monotonic() > deadline:
                        break
        except FileNotFoundError:
            return False
        if size > MOST and seconds is not None:
            self._begin_anew()
        return grown

    def _skip(self, file: int, size: int) -> None:
        """Leave out the middle of what is too much, up to the beginning of a line."""
        if size - self._read <= BEHIND:
            return
        self._reader.skip()
        end = os.pread(file, _KEPT, size - _KEPT)
        self._read = size - len(end) + end.find(b"\n") + 1

    def _begin_anew(self) -> None:
        """Cut the log down to its end. The writer's file is open for appending: it goes on at the new end."""
        with self._path.open("rb+") as file:
            file.seek(-_KEPT, os.SEEK_END)
            end = file.read(_KEPT)
            file.truncate(0)
        with self._path.open("ab") as file:
            file.write(_NOTE % MOST + end)
            self._read = self._seen = file.tell()
        self._reader.skip()
