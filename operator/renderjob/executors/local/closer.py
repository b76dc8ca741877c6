"""A closer look at what an attempt has left: all files of a frame, whether pictures are whole, and why some are not.

What is looked for first, the file of each frame, `outputs` has found; this takes from it what does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from renderjob.api import OutputCheck, OutputSpec, RenderJob
from renderjob.frames import EMPTY, FilePattern, FrameSet
from renderjob.media import damaged
from renderjob.outputs import Wanted, what_is_missing, why_not_writable
from renderjob.workload import chunk_file

from .attempt import LocalAttempt

_MOST_FILES = 1000
"""Files whose size is asked for, to tell how much room a frame takes."""


def look_closer(job: RenderJob, local: LocalAttempt, directory: Path, since: float) -> None:
    """Note what else is missing of an attempt that has ended, and what there is to say of it.

    Args:
        job: whose attempt it is.
        local: the attempt, of which it is known which frames have a file.
        directory: where frames lie.
        since: seconds since the epoch when it began; in `directory` an older file is not its work.
    """
    output = job.spec.output
    if output is None or local.missing is None:
        return
    attempt, places = local.attempt, [p for p in (local.fence, directory) if p is not None]
    patterns = [FilePattern(text) for text in output.patterns]
    bad, reasons = EMPTY, ""
    if patterns:
        if len(patterns) > 1:
            local.missing |= _incomplete(local, patterns, places, since, output.min_bytes)
        if output.check is OutputCheck.DECODE:
            bad, reasons = _damaged(patterns, places, attempt.frames - local.missing)
    elif output.check is OutputCheck.DECODE and not local.missing:
        file = chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks)
        found = damaged(_place_of(places, file), [file]) if file else None
        if found is not None and found.names:
            bad, reasons = attempt.frames, "; ".join(found.reasons)
    absent, local.missing = local.missing, local.missing | bad
    if local.missing:
        words = what_is_missing(Wanted(patterns, places, str(directory), output.min_bytes), absent)
        local.lacks = "; ".join(filter(None, (reasons, words if patterns else "")))


def disk_trouble(output: OutputSpec, local: LocalAttempt, directory: Path) -> str:
    """Why nothing could be written to where frames lie when an attempt ended, in the words of the system."""
    patterns = [FilePattern(text) for text in output.patterns]
    place = local.fence if local.fence is not None and local.fence.is_dir() else directory
    names = [
        pattern.name(frame) for frame in local.attempt.frames.slice(0, _MOST_FILES) for pattern in patterns
    ]
    largest = max((_size(place / name) for name in names[:_MOST_FILES]), default=0)
    return why_not_writable(directory, 2 * largest)


def _incomplete(
    local: LocalAttempt, patterns: Sequence[FilePattern], places: Sequence[Path], since: float, least: int
) -> FrameSet:
    """The frames of which another file is missing; of an attempt that died, the last that it was at, too."""
    missing = local.missing or EMPTY
    lost: list[int] = []
    newest = (0.0, 0)
    fenced = len(places) > 1
    for frame in local.attempt.frames - missing:
        for pattern in patterns:
            place = _place_of(places, pattern.name(frame))
            at, size = _written(place / pattern.name(frame))
            old = at < since and place == places[-1] and (fenced or local.exit_code != 0)
            if size < least or size < 0 or old:
                lost.append(frame)
                break
            newest = max(newest, (at, frame))
    if local.exit_code != 0 and newest[0]:
        # Of the frame at which it died the other files may be there, and the one that was being written, too.
        started = {
            frame
            for frame in missing
            for pattern in patterns
            if _written(_place_of(places, pattern.name(frame)) / pattern.name(frame))[0]
            >= max(since, newest[0])
        }
        if not started:
            lost.append(newest[1])
    return FrameSet(lost)


def _damaged(
    patterns: Sequence[FilePattern], places: Sequence[Path], frames: FrameSet
) -> tuple[FrameSet, str]:
    bad, reasons, left = EMPTY, [], [(pattern.name(f), f) for f in frames for pattern in patterns]
    for place in places:
        here = {name: frame for name, frame in left if (place / name).is_file()}
        found = damaged(place, here)
        bad = bad | FrameSet(here[name] for name in found.names)
        reasons += found.reasons
        left = [(name, frame) for name, frame in left if name not in here]
    return bad, "; ".join(reasons[:3])


def _place_of(places: Sequence[Path], name: str) -> Path:
    return next((place for place in places if (place / name).is_file()), places[-1])


def _written(path: Path) -> tuple[float, int]:
    try:
        found = path.stat()
    except OSError:
        return 0.0, -1
    return found.st_mtime, found.st_size


def _size(path: Path) -> int:
    return _written(path)[1]
