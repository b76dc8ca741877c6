"""Which frames, or files, are really there: a render that exits with 0 has not proved that it wrote them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from renderjob.frames import FilePattern, FrameSet


@dataclass(frozen=True)
class Verification:
    """The frames asked for, sorted by what was found; `too_small` is a part of `missing`."""

    present: FrameSet
    missing: FrameSet
    too_small: FrameSet


def verify_frames(
    directory: Path, pattern: FilePattern, frames: FrameSet, min_bytes: int = 1
) -> Verification:
    """Look which frames' files exist below a directory and have at least `min_bytes` bytes.

    The directory is listed once; only files that are there are asked for their size. A directory that is
    missing means that every frame is.

    Raises:
        OSError: the directory is there but cannot be read: nothing is known about the frames then.
    """
    if not frames:
        return Verification(frames, frames, frames)
    below = Path(pattern.name(frames.first)).parent
    prefix = "" if below == Path() else f"{below.as_posix()}/"
    present: list[int] = []
    too_small: list[int] = []
    for name, size in _files(directory / below, need_size=min_bytes > 0):
        frame = pattern.match(prefix + name)
        if frame is not None:
            (present if size >= min_bytes else too_small).append(frame)
    found = frames & FrameSet(present)
    return Verification(found, frames - found, frames & FrameSet(too_small))


def path_of(directory: Path, pattern: FilePattern, frame: int) -> Path:
    """Where a frame's file lies: of a negative one by the name that it has of those that it may have."""
    name, *others = pattern.names(frame)
    found = next(
        (other for other in others if not (directory / name).exists() and (directory / other).exists()), name
    )
    return directory / found


def verify_files(directory: Path, names: Iterable[str], min_bytes: int = 1) -> list[str]:
    """The names, in their order, that are no regular file of at least `min_bytes` bytes below a directory.

    Raises:
        OSError: the directory is there but cannot be read.
    """
    missing = []
    for name in names:
        try:
            found = (directory / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            missing.append(name)
            continue
        if not (directory / name).is_file() or found.st_size < min_bytes:
            missing.append(name)
    return missing


def _files(directory: Path, *, need_size: bool) -> Iterable[tuple[str, int]]:
    """The regular files of one directory with their sizes (0 when no size is needed)."""
    try:
        entries = os.scandir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            try:
                if entry.is_file():
                    yield entry.name, entry.stat().st_size if need_size else 0
            except FileNotFoundError:
                continue  # removed since it was listed
