"""Outputs: which of an attempt's frames are really on the disk, and which of a job's still are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from renderjob.api import OutputCheck, RenderJob, frames_of
from renderjob.api.merge_backends import built_in
from renderjob.core import Attempt, Observed
from renderjob.frames import EMPTY, FilePattern, FrameSet
from renderjob.media import damaged
from renderjob.outputs import Survey, present_of
from renderjob.planning import layout_of
from renderjob.workload import chunk_file


@dataclass(frozen=True, slots=True)
class _Written:
    """A file of a frame; whether it is large enough to count is for others to say."""

    frame: int
    modified: float
    size: int


def missing_after_success(
    job: RenderJob, attempt: Attempt, directory: Path | None, own: Survey | None = None
) -> FrameSet | None:
    """Of a successful attempt the frames whose files are not there or too small; None: nothing tells.

    Args:
        job: whose attempt it is.
        attempt: what has ended.
        directory: output.path on this machine.
        own: what is in the attempt's own directory. A renderer that left no frame there writes to output.path
            itself.
    """
    output = job.spec.output
    if output is None or directory is None:
        return None
    file = chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks)
    if file is not None:
        size = own.files[file].size if own is not None and file in own.files else _size(directory / file)
        return EMPTY if size >= output.min_bytes else attempt.frames
    if output.pattern is None:
        return None
    # A frame that it wrote badly is not there, whatever lies in output.path from before.
    written = _own(job, attempt, own) or _written(job, attempt, directory)
    return attempt.frames - FrameSet(w.frame for w in written if w.size >= output.min_bytes)


def missing_after_failure(
    job: RenderJob,
    attempt: Attempt,
    directory: Path | None,
    *,
    since: float,
    confirmed: FrameSet,
    own: Survey | None = None,
) -> FrameSet | None:
    """Of a failed attempt the frames that must be rendered again; None: no files tell, the log has to.

    Args:
        job: whose attempt it is.
        attempt: what has ended.
        directory: output.path on this machine.
        since: seconds since the epoch when it started; an older file in output.path is not its work.
        confirmed: frames that its log says are finished.
        own: what is in the attempt's own directory.

    A renderer that was killed may have left its last file half written. So the newest file counts only when
    the log says that its frame is finished.
    """
    output = job.spec.output
    if output is None or directory is None or output.pattern is None:
        return None
    written = [w for w in _written(job, attempt, directory) if w.modified >= since]
    # Both: it may write to output.path itself, and some files may have been moved up before a kill.
    apart = _own(job, attempt, own)
    here = FrameSet(w.frame for w in apart)
    written = apart + [w for w in written if w.frame not in here]
    written = [w for w in written if w.size >= output.min_bytes]
    # Of files within one tick of the file system's clock, the one of the highest frame is the last.
    newest = max(((w.modified, w.frame) for w in written), default=(0.0, 0))
    kept = FrameSet(w.frame for w in written if (w.modified, w.frame) != newest or w.frame in confirmed)
    return attempt.frames - kept


def _own(job: RenderJob, attempt: Attempt, own: Survey | None) -> list[_Written]:
    """The frames of an attempt in its own directory."""
    output = job.spec.output
    if own is None or output is None or output.pattern is None:
        return []
    found = [(frame, own.files[name]) for frame, name in own.frames(FilePattern(output.pattern)).items()]
    return [_Written(frame, file.modified, file.size) for frame, file in found if frame in attempt.frames]


def _written(job: RenderJob, attempt: Attempt, directory: Path) -> list[_Written]:
    output = job.spec.output
    if output is None or output.pattern is None:
        return []
    pattern, found = FilePattern(output.pattern), []
    for frame in attempt.frames:
        for name in pattern.names(frame):
            try:
                stat = (directory / name).stat()
            except OSError:
                continue
            found.append(_Written(frame, stat.st_mtime, stat.st_size))
            break
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1


def inventory(job: RenderJob, directory: Path | None) -> Observed:
    """What the disk says against the status, looked at when a manager takes up a job: lost and found frames."""
    if directory is None or job.spec.output is None:
        return Observed()
    completed = FrameSet.parse(job.status.frames.completed) & frames_of(job.spec.frames)
    merge = built_in(job.spec.merge)
    file = merge.file if job.status.merge.merged and merge is not None else ""
    there = _inventories(job, directory)(
        completed if not job.spec.output.adopt else frames_of(job.spec.frames)
    )
    return Observed(
        lost=completed - there,
        found=_whole(job, directory, there - completed) if job.spec.output.adopt else EMPTY,
        merge_lost=bool(file) and _is_stale(job, directory, directory / file, completed & there),
    )


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


def _whole(job: RenderJob, directory: Path, frames: FrameSet) -> FrameSet:
    """Of frames whose files are there, and that nobody looked at, those whose pictures are whole."""
    output = job.spec.output
    if output is None or output.check is not OutputCheck.DECODE or not output.patterns:
        return frames
    patterns = [FilePattern(text) for text in output.patterns]
    bad = damaged(directory, (pattern.name(frame) for frame in frames for pattern in patterns)).names
    return frames - FrameSet.union_of(pattern.frames_in(bad) for pattern in patterns)


def _inventories(job: RenderJob, directory: Path) -> Callable[[FrameSet], FrameSet]:
    """How to tell which of some frames are there, for this job's kind of output."""
    output = job.spec.output
    if output is not None and output.patterns:
        patterns, least = [FilePattern(text) for text in output.patterns], output.min_bytes
        return lambda frames: present_of(directory, patterns, frames, least)
    if output is not None and _has_chunk_files(job):
        return lambda frames: _whole_chunks(job, directory, frames, output.min_bytes)
    return lambda _: FrameSet.parse(job.status.frames.completed)


def _has_chunk_files(job: RenderJob) -> bool:
    explicit = job.spec.chunks.explicit
    if explicit is not None:
        return all(chunk.output for chunk in explicit)
    return job.spec.output is not None and job.spec.output.chunk_file is not None


def _whole_chunks(job: RenderJob, directory: Path, frames: FrameSet, least: int) -> FrameSet:
    layout = layout_of(job.spec)
    present = []
    for number in range(layout.count):
        cell = layout.cell(number)
        if cell.isdisjoint(frames):
            continue
        file = chunk_file(job, cell, chunk=number, chunks=layout.count)
        if file is not None and _size(directory / file) >= least:
            present.append(cell)
    return FrameSet.union_of(present) & frames
