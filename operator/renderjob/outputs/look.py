"""A look at files, as a verification asks for it, and an answer that fits where a pod can leave it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from renderjob.frames import EMPTY, FilePattern, FrameSet

from .damage import Check, Damage
from .disk import why_full, why_not_writable
from .lacking import Wanted, what_is_missing
from .verify import path_of, verify_files, verify_frames

MOST = 3800
"""Bytes of an answer; Kubernetes keeps 4096 of a termination message."""

_MOST_WORDS = 700
"""Bytes of each sentence in it."""

MOST_READ = 4096
"""Characters of one that are read."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was looked for, and what was found."""

    present: FrameSet
    missing: FrameSet
    why: str = ""
    """Of the missing ones what was wanted and what was found, or what is wrong with them, in words."""
    disk: str = ""
    """Why nothing can be written to where frames lie, in the words of the system; empty when that can be done."""

    def answer(self, most: int = MOST) -> str:
        """JSON of what was found; so much of the frames, from the first one on, as fits `most` bytes."""
        look, text = self, ""
        words = {name: cut(value) for name, value in (("why", self.why), ("disk", self.disk)) if value}
        while not text or len(text) > most:
            text = json.dumps(
                {"present": str(look.present), "missing": str(look.missing), **words}, separators=(",", ":")
            )
            look = look.first_half()
        return text

    def first_half(self) -> Look:
        """The same for the first half of the frames."""
        looked = self.present | self.missing
        head = looked.slice(0, max(1, len(looked) // 2))
        return Look(self.present & head, self.missing & head, self.why, self.disk)


def cut(words: str) -> str:
    """So much of a sentence as takes few bytes, however they are written."""
    while len(json.dumps(words)) > _MOST_WORDS:
        words = words[: len(words) * 3 // 4]
    return words


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


@dataclass(frozen=True, slots=True)
class Asked:
    """Frames that are looked for, and what makes one count."""

    frames: FrameSet
    patterns: tuple[FilePattern, ...] = ()
    """The names of a frame's files."""
    files: tuple[tuple[FrameSet, str], ...] = ()
    """Without patterns: the files of chunks, each with its frames."""
    min_bytes: int = 1
    """What is smaller does not count."""
    check: Check | None = None
    """Finds damage in what is there."""
    doubtful: tuple[Doubtful, ...] = ()
    """Frames of attempts that died: the last file of each may be cut short."""


def newest(written: Mapping[int, float]) -> tuple[float, int]:
    """The frame whose file was written last, after the time of that; of an attempt that died it may be cut short."""
    # Of files within one tick of the file server's clock, the one of the highest frame is the last.
    return max(((at, frame) for frame, at in written.items()), default=(0.0, 0))


def _cut_short(directory: Path, patterns: Sequence[FilePattern], frames: FrameSet, of: Doubtful) -> FrameSet:
    """Of frames whose files are there those that the attempt did not write, and the last that it did, unless its
    log says that this one was finished."""
    ours = _written(directory, patterns, frames, of.since)
    others = _written(directory, patterns, of.finished, of.since)
    last = newest(ours | others)
    return frames - FrameSet(
        frame for frame, at in ours.items() if (at, frame) != last or frame in of.finished
    )


def _written(
    directory: Path, patterns: Sequence[FilePattern], frames: FrameSet, since: float
) -> dict[int, float]:
    """When the last file of each frame was written, for those of which all were since then."""
    written = {}
    for frame in frames:
        with suppress(OSError):
            times = [path_of(directory, pattern, frame).stat().st_mtime for pattern in patterns]
            if min(times) >= since - GRAIN:
                written[frame] = max(times)
    return written


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
    why, disk = (cut(str(data.get(name) or "")) for name in ("why", "disk"))
    return Look(present & asked, (missing - present) & asked, why, disk)


def look(directory: Path, asked: Asked) -> Look:
    """Look for the files of frames: those of each, by patterns, or one for all frames of a chunk, as listed.

    What a `check` finds damaged is missing.

    Of `doubtful` frames a file counts when it was written by the attempt that died, and is not the last that it
    wrote: that one may be cut short.

    Raises:
        OSError: the directory can't be read; that says nothing about the frames.
    """
    frames, patterns, min_bytes, check = asked.frames, asked.patterns, asked.min_bytes, asked.check
    if patterns:
        present = present_of(directory, patterns, frames, min_bytes)
        for some in asked.doubtful:
            present = present - _cut_short(directory, patterns, present & some.frames, some)
        bad, reasons = damaged_frames(directory, patterns, present, check) if check else (EMPTY, "")
        present = present - bad
        return told(Look(present, frames - present, reasons), directory, patterns, bad, min_bytes)
    gone = set(verify_files(directory, [file for _, file in asked.files], min_bytes))
    broken = check(directory, (file for _, file in asked.files if file not in gone)) if check else Damage()
    gone |= set(broken.names)
    present = FrameSet.union_of(of for of, file in asked.files if file not in gone) & frames
    return told(Look(present, frames - present, "; ".join(broken.reasons)), directory, (), EMPTY, min_bytes)


def present_of(
    directory: Path, patterns: Sequence[FilePattern], frames: FrameSet, min_bytes: int
) -> FrameSet:
    """The frames of which every file is there.

    Raises:
        OSError: the directory can't be read.
    """
    for pattern in patterns:
        frames = verify_frames(directory, pattern, frames, min_bytes).present
    return frames


def damaged_frames(
    directory: Path, patterns: Sequence[FilePattern], frames: FrameSet, check: Check
) -> tuple[FrameSet, str]:
    """The frames of which a file is damaged, and what is wrong with the first of them."""
    found = check(directory, (pattern.name(frame) for frame in frames for pattern in patterns))
    bad = FrameSet.union_of(pattern.frames_in(found.names) for pattern in patterns) & frames
    return bad, "; ".join(found.reasons)


def told(
    look: Look,
    directory: Path,
    patterns: Sequence[FilePattern],
    damaged: FrameSet,
    min_bytes: int,
    *,
    writes: bool = False,
) -> Look:
    """A look with what there is to say of what is missing, and whether the disk may be why.

    With `writes` that is asked by writing, which only who moves frames up may do.
    """
    full = why_not_writable if writes else why_full
    if not look.missing or not patterns:
        return look if not look.missing else replace(look, disk=full(directory))
    wanted = Wanted(patterns, [directory], str(directory), min_bytes)
    words = [look.why, what_is_missing(wanted, look.missing - damaged)]
    return replace(look, why="; ".join(filter(None, words)), disk=full(directory))
