"""What is missing, in words: the files that were wanted, where, and what lies there in their place."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from renderjob.frames import FilePattern, FrameSet

MOST_WORDS: Final = 400
"""Characters of what is said."""

_MOST_FRAMES: Final = 2000
"""Missing frames whose files are named, at most."""

_MOST_FILES: Final = 2000
"""Files that are looked at to say what is there instead."""

_DEEPEST: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files of frames, and where they were looked for."""

    patterns: Sequence[FilePattern]
    places: Sequence[Path]
    """Directories in which they may lie; the first that is there is told of."""
    shown: str
    """What a user calls the directory."""
    min_bytes: int = 1


def what_is_missing(wanted: Wanted, missing: FrameSet) -> str:
    """A part of a sentence: `wanted 0001.png … 0003.png in DIR; found shot.0001.png and 2 more`.

    Of frames with several files those that are there are not named. Empty when nothing is missing.
    """
    small: list[str] = []
    absent: list[str] = []
    for name in _names(wanted.patterns, missing):
        size = max(size_of(place / name) for place in wanted.places) if wanted.places else -1
        if size < 0:
            absent.append(name)
        elif size < wanted.min_bytes:
            small.append(name)
    words = []
    if absent:
        words.append(f"wanted {some(absent)} in {wanted.shown}")
        there = next((place for place in wanted.places if place.is_dir()), None)
        names = sorted(islice(_files(there, ""), _MOST_FILES)) if there is not None else []
        found = [name for name in names if all(pattern.match(name) is None for pattern in wanted.patterns)]
        if found:
            words.append(f"found {_printable(found[0])}{f' and {len(found) - 1} more' if found[1:] else ''}")
        elif there is None:
            words.append("that directory is not there")
        elif not names:
            words.append("found nothing there")
    if small:
        words.append(f"too small: {some(small)} (minBytes: {wanted.min_bytes})")
    return "; ".join(words)[:MOST_WORDS]


def _names(patterns: Sequence[FilePattern], frames: FrameSet) -> Iterator[str]:
    for frame in islice(frames, _MOST_FRAMES):
        yield from (pattern.name(frame) for pattern in patterns)


def size_of(path: Path) -> int:
    """Bytes of a file; -1 where there is none."""
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1


def some(names: Sequence[str]) -> str:
    """Names, the first and the last of many."""
    if len(names) < 3:
        return " and ".join(names)
    return f"{names[0]} … {names[-1]}"


def _files(directory: Path, below: str, depth: int = 0) -> Iterator[str]:
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = posixpath.join(below, entry.name)
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEEPEST:
                        yield from _files(Path(entry.path), name, depth + 1)
                else:
                    yield name
    except OSError:
        return


def _printable(name: str) -> str:
    text = name if len(name) <= 80 else f"{name[:80]}…"
    return text if text.isprintable() else ascii(text)[1:-1]
