"""What a JobSpec's chunks cover: no frame twice, no file twice, no frame left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from renderjob.frames import FrameSet

from .chunk import SourceChunk


def coverage_problems(chunks: Iterable[SourceChunk], total: int | None) -> Iterator[str]:
    """Frames in two chunks, files of two chunks, frames in none."""
    files: dict[str, int] = {}
    numbered = list(enumerate(chunks))
    for index, chunk in numbered:
        if chunk.output is not None and files.setdefault(chunk.output, index) != index:
            first = f"chunks[{files[chunk.output]}]"
            yield f"chunks[{index}].outputFile: {chunk.output!r} is written by {first} already"
    ordered = sorted(numbered, key=lambda entry: entry[1].start)
    overlaps = False
    last_index, last = ordered[0]
    for index, chunk in ordered[1:]:
        if chunk.start <= last.end:
            overlaps = True
            shared = FrameSet.range(chunk.start, min(last.end, chunk.end))
            yield (
                f"chunks[{index}] has frames {chunk.start}-{chunk.end} and chunks[{last_index}] has"
                f" {last.start}-{last.end}: {shared} is in both; every frame belongs to one chunk"
            )
        if chunk.end > last.end:
            last_index, last = index, chunk
    if total is None or overlaps:
        return
    frames = FrameSet.union_of([chunk.frames for _, chunk in numbered])
    gaps = FrameSet.range(frames.first, frames.last) - frames
    if gaps:
        yield f"metadata.totalFrames is {total}, and frames {gaps} are in no chunk"
    elif len(frames) != total:
        yield f"metadata.totalFrames is {total}, and the chunks have {len(frames)} frames: {frames}"
