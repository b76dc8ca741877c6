"""Bytes that come as they like, cut into lines."""

from __future__ import annotations

from collections.abc import AsyncIterator

LONGEST = 16 * 1024 * 1024
"""A longer line is cut here, so that an endless one does not fill the memory."""


async def split_lines(pieces: AsyncIterator[bytes], longest: int = LONGEST) -> AsyncIterator[bytes]:
    """The lines without their newlines; what follows the last newline is a line as well, unless it is empty."""
    rest: list[bytes] = []
    size = 0
    async for piece in pieces:
        *lines, tail = piece.split(b"\n")
        if lines:
            lines[0] = b"".join([*rest, lines[0]])
            rest, size = [], 0
            for line in lines:
                yield line
        if tail:
            rest.append(tail)
            size += len(tail)
            if size >= longest:
                yield b"".join(rest)
                rest, size = [], 0
    if rest:
        yield b"".join(rest)
