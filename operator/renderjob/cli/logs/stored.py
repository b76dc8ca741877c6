"""Logs of the local store: files, read from their beginning or their end, and followed while they grow."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from renderjob.executors.local import LogFile

_POLL = 0.2
_PIECE = 1 << 16


@dataclass(frozen=True)
class StoredLog:
    """The log of one attempt on this machine."""

    file: LogFile
    runs: Callable[[], Awaitable[bool]]
    """Whether the attempt is under way."""

    @property
    def id(self) -> int:
        """The attempt's id."""
        return self.file.id

    @property
    def chunk(self) -> int | None:
        """None for the merge."""
        return self.file.chunk

    @property
    def attempt(self) -> int:
        """Which attempt at these frames."""
        return self.file.attempt

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first and the last frame; None for the merge."""
        first, last = self.file.first, self.file.last
        return None if first is None or last is None else (first, last)

    def holds(self, frame: int) -> bool:
        """Whether it may be of this frame."""
        return self.file.shows(frame=frame)

    async def read(self, *, follow: bool, tail: int | None) -> AsyncGenerator[bytes]:
        """The file, and what it grows by."""
        with self.file.path.open("rb") as log:
            if tail is not None:
                log.seek(_start_of_last_lines(log, tail))
            for piece in _pieces(log):
                yield piece
            while follow and await self.runs():
                await asyncio.sleep(_POLL)
                for piece in _pieces(log):
                    yield piece
            # What was written between the last look and the end.
            for piece in _pieces(log):
                yield piece


def _pieces(log: BinaryIO) -> Iterator[bytes]:
    if log.tell() > os.fstat(log.fileno()).st_size:
        log.seek(0)  # it was cut, and begins anew
    while piece := log.read(_PIECE):
        yield piece


def _start_of_last_lines(log: BinaryIO, lines: int) -> int:
    """Where the last `lines` lines begin; read from the end, since a log may be large."""
    end = position = log.seek(0, 2)
    if lines == 0:
        return end
    found = b""
    while position > 0 and found.rstrip(b"\n").count(b"\n") < lines:
        step = min(_PIECE, position)
        position -= step
        log.seek(position)
        found = log.read(step) + found
    kept = found.splitlines(keepends=True)[-lines:]
    return end - sum(map(len, kept))
