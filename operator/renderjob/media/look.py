"""A look at files, as a verification asks for it, and an answer that fits where a pod can leave it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from renderjob.frames import EMPTY, FilePattern, FrameSet

from .verify import path_of, verify_files, verify_frames

MOST = 3800
"""Bytes of an answer; Kubernetes keeps 4096 of a termination message."""

MOST_READ = 4096
"""Characters of one that are read."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was looked for, and what was found."""

    present: FrameSet
    missing: FrameSet

    def answer(self, most: int = MOST) -> str:
        """JSON of `present` and `missing`; so much of both, from the first frame on, as fits `most` bytes."""
        look, text = self, ""
        while not text or len(text) > most:
            text = json.dumps(
                {"present": str(look.present), "missing": str(look.missing)}, separators=(",", ":")
            )
            look = look.first_half()
        return text

    def first_half(self) -> Look:
        """The same for the first half of the frames."""
        looked = self.present | self.missing
        head = looked.slice(0, max(1, len(looked) // 2))
        return Look(self.present & head, self.missing & head)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Frames of an attempt that died while it rendered them."""

    frames: FrameSet
    since: float
    """Seconds since the epoch when it began; what is older is not its work."""
    finished: FrameSet = EMPTY
    """Frames of it that its log says were finished: the last file that it wrote is whole when it is one of them."""


GRAIN = 2.0
"""Seconds by which the clocks of a node and of a file server may differ, and by which times are rounded."""


def _cut_short(directory: Path, pattern: FilePattern, frames: FrameSet, of: Doubtful) -> FrameSet:
    """Of frames whose files are there those that the attempt did not write, and the last that it did, unless its
    log says that this one was finished."""
    ours = _written(directory, pattern, frames, of.since)
    others = _written(directory, pattern, of.finished, of.since)
    # Of files within one tick of the file server's clock, the one of the highest frame is the last.
    last = max(((at, frame) for frame, at in (ours | others).items()), default=(0.0, 0))
    return frames - FrameSet(
        frame for frame, at in ours.items() if (at, frame) != last or frame in of.finished
    )


def _written(directory: Path, pattern: FilePattern, frames: FrameSet, since: float) -> dict[int, float]:
    """When the files of frames were written, for those that were since then."""
    written = {}
    for frame in frames:
        with suppress(OSError):
            written[frame] = path_of(directory, pattern, frame).stat().st_mtime
    return {frame: at for frame, at in written.items() if at >= since - GRAIN}


def parse_answer(text: str, asked: FrameSet) -> Look:
    """The look that an answer tells of, of frames that were asked for.

    The answer comes from a pod: its length, and the frames that it names, are counted before anything is built.

    Raises:
        ValueError: it is no answer to that.
    """
    try:
        if len(text) > MOST_READ:
            raise ValueError(f"{len(text)} characters")
        data = json.loads(text)
        present, missing = (
            FrameSet.parse_at_most(data[which], len(asked)) for which in ("present", "missing")
        )
    except (TypeError, KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"no answer of a verification: {text[:200]!r}") from error
    return Look(present & asked, (missing - present) & asked)


def look(
    directory: Path,
    frames: FrameSet,
    *,
    pattern: FilePattern | None = None,
    files: Sequence[tuple[FrameSet, str]] = (),
    min_bytes: int = 1,
    doubtful: Sequence[Doubtful] = (),
) -> Look:
    """Look for the files of frames: one each, by a pattern, or one for all frames of a chunk, as listed.

    Of `doubtful` frames a file counts when it was written by the attempt that died, and is not the last that it
    wrote: that one may be cut short.

    Raises:
        OSError: the directory can't be read; that says nothing about the frames.
    """
    if pattern is not None:
        present = verify_frames(directory, pattern, frames, min_bytes).present
        for some in doubtful:
            present = present - _cut_short(directory, pattern, present & some.frames, some)
    else:
        gone = set(verify_files(directory, [file for _, file in files], min_bytes))
        found = [of for of, file in files if file not in gone]
        present = FrameSet.union_of(found) & frames if found else EMPTY
    return Look(present, frames - present)
