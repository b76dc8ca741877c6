"""The tail: the last chunks are shared by all slots that would be idle, so that none runs alone for an hour."""

from __future__ import annotations

from renderjob.frames import FrameSet
from renderjob.planning import Chunk

from .frametimes import worth_splitting
from .work import Work


def shared(work: Work, chunks: list[Chunk], slots: int) -> list[Chunk]:
    """Chunks for as many slots, the longest halved while there is one to spare and halving pays.

    Only where the size of chunks is ours to choose (chunks.targetDuration), and a chunk is no file of its own.
    """
    if work.spec.chunks.target_duration is None or work.layout.atomic:
        return chunks
    # Fewer chunks than slots: there is no more to start, this is the tail.
    while chunks and len(chunks) < slots:
        longest = max(range(len(chunks)), key=lambda index: len(chunks[index].frames))
        chunk = chunks[longest]
        if not worth_splitting(work, len(chunk.frames)):
            break
        chunks[longest : longest + 1] = _halves(chunk)
    return chunks


def _halves(chunk: Chunk) -> list[Chunk]:
    half = -(-len(chunk.frames) // 2)
    parts: list[FrameSet] = [chunk.frames.slice(0, half), chunk.frames.slice(half, len(chunk.frames))]
    return [Chunk(chunk.number, part) for part in parts]
