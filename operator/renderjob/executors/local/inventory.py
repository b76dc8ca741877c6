"""What the disk says against the status when a manager takes up a job: frames that are lost, and found."""

from __future__ import annotations

from pathlib import Path

from renderjob.api import OutputCheck, RenderJob, frames_of
from renderjob.api.merge_backends import built_in
from renderjob.core import Observed
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import damaged
from renderjob.outputs import Asked, Check, open_store
from renderjob.planning import layout_of
from renderjob.workload import chunk_file


def take_stock(job: RenderJob, directory: Path | None) -> Observed:
    """What there is of a job's frames, and of its merged file; blocks.

    Raises:
        OSError: the output can't be looked at.
    """
    output = job.spec.output
    if directory is None or output is None:
        return Observed()
    wanted = frames_of(job.spec.frames)
    completed = FrameSet.parse(job.status.frames.completed) & wanted
    merge = built_in(job.spec.merge)
    file = merge.file if job.status.merge.merged and merge is not None else ""
    there = _present(job, directory, wanted if output.adopt else completed)
    found = there - completed
    if found and output.check is OutputCheck.DECODE and output.patterns:
        # Nobody has looked at these pictures.
        found = _present(job, directory, found, damaged)
    return Observed(
        lost=completed - there,
        found=found,
        merge_lost=bool(file) and _is_stale(job, directory, directory / file, completed & there),
    )


def _present(job: RenderJob, directory: Path, frames: FrameSet, check: Check | None = None) -> FrameSet:
    """Of some frames those whose files are there; where no file tells, those that the status says are completed."""
    output = job.spec.output
    if output is None or not (output.patterns or _has_chunk_files(job)):
        return FrameSet.parse(job.status.frames.completed) & frames
    patterns = tuple(FilePattern(text) for text in output.patterns)
    files = () if patterns else _chunk_files(job, frames)
    return open_store(directory).verify(Asked(frames, patterns, files, output.min_bytes, check)).present


def _has_chunk_files(job: RenderJob) -> bool:
    explicit = job.spec.chunks.explicit
    if explicit is not None:
        return all(chunk.output for chunk in explicit)
    return job.spec.output is not None and job.spec.output.chunk_file is not None


def _chunk_files(job: RenderJob, frames: FrameSet) -> tuple[tuple[FrameSet, str], ...]:
    layout = layout_of(job.spec)
    cells = [(number, layout.cell(number)) for number in range(layout.count)]
    files = [
        (cell, chunk_file(job, cell, chunk=number, chunks=layout.count))
        for number, cell in cells
        if not cell.isdisjoint(frames)
    ]
    return tuple((cell, file) for cell, file in files if file is not None)


def _is_stale(job: RenderJob, directory: Path, merged: Path, frames: FrameSet) -> bool:
    """Whether a merged file is gone, or older than a picture that somebody put in a frame's place since."""
    try:
        made = merged.stat()
    except OSError:
        return True
    output = job.spec.output
    if not made.st_size or output is None or output.pattern is None:
        return not made.st_size
    pattern = FilePattern(output.pattern)
    return any(_modified(directory / pattern.name(frame)) > made.st_mtime for frame in frames)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
