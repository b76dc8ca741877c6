"""A look at fenced frames: those that verify are moved up from their attempts' directories, the rest goes.

It may be interrupted anywhere and is then done again: before anything is moved a record says what will be, so
that a frame that is not in its attempt's directory any more is known to have come from there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from os import scandir
from pathlib import Path

from renderjob.frames import EMPTY, FilePattern, FrameSet

from .look import GRAIN, Doubtful, Look
from .publish import publish
from .verify import verify_files, verify_frames

RECORD = "published"
"""Beside the directories of attempts: the frames that were moved up by the last look, a line for each attempt."""

_Moved = dict[int, FrameSet]
"""Frames by the attempt from whose directory they were moved up."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Which directories are whose."""

    root: str
    """The directory, below that of the frames, in which all fences are."""
    job: str
    """How the directories of this job begin."""
    digest: str
    """How those end that hold what is rendered now."""
    any_digest: bool
    """What was rendered with anything else counts, too."""
    before: int
    """Attempts with this id or a higher one began after the look was asked for."""
    beside: FrameSet
    """Ids of those that were in flight then."""
    adopt: FrameSet = EMPTY
    """Frames that count where they lie, whoever wrote them."""

    def counts(self, group: Path) -> bool:
        """Whether frames of this group of directories count."""
        return self.any_digest or group.name == f"{self.job}-{self.digest}"


@dataclass(frozen=True, slots=True)
class _Written:
    """A frame's file in an attempt's directory."""

    modified: float
    size: int
    name: str
    """As it is written: `-001.png` may be told by `####.png`, too."""


@dataclass(slots=True)
class _Ended:
    """The directory of an attempt that had ended when the look was asked for."""

    id: int
    path: Path
    chosen: list[str] = field(default_factory=list)
    """Files that are moved up."""
    frames: FrameSet = EMPTY
    """Their frames."""
    known: FrameSet = EMPTY
    """Frames that an interrupted look has moved up from it, or was about to."""
    later: FrameSet = EMPTY
    """The same of newer attempts."""
    done: FrameSet = EMPTY
    """Those of newer attempts that are there."""


def look_fenced(
    directory: Path,
    frames: FrameSet,
    fence: Fence,
    *,
    pattern: FilePattern | None = None,
    files: Sequence[tuple[FrameSet, str]] = (),
    min_bytes: int = 1,
    doubtful: Sequence[Doubtful] = (),
) -> Look:
    """Look for the files of frames as `look` does, but in the directories of attempts, and move up what is there.

    Of each frame the file of the newest attempt counts. Where an attempt died, or its frames were rendered again,
    its last file counts only when its log says that it was finished. A frame that lies in `directory` already
    counts when a look has moved it there.

    Raises:
        OSError: the directory can't be read, or written to; that says nothing about the frames.
    """
    groups = _groups(directory, fence)
    counting = [group for group in groups if fence.counts(group)]
    ended = sorted(
        (each for group in counting for each in _ended(group, fence)), key=lambda each: each.id, reverse=True
    )
    moved: _Moved = {}
    for group in counting:
        for id_, some in _recorded(group).items():
            moved[id_] = some | moved.get(id_, EMPTY)
    before = FrameSet.union_of(moved.values()) | fence.adopt
    there = _present(directory, frames & before, pattern, files, min_bytes)
    for each in ended:
        newer = FrameSet.union_of(some for id_, some in moved.items() if id_ > each.id)
        each.later, each.done = newer, newer & there
        each.known = moved.get(each.id, EMPTY)
    if pattern is not None:
        _choose_frames(ended, frames, pattern, min_bytes, doubtful)
    else:
        _choose_files(ended, files, min_bytes)
    chosen = FrameSet.union_of(each.frames for each in ended) & frames
    if chosen:
        for each in ended:
            moved[each.id] = each.frames | moved.get(each.id, EMPTY)
        _record(directory / fence.root / f"{fence.job}-{fence.digest}", moved, frames)
    names = {file for _, file in files}
    for each in reversed(ended):
        is_frame = names.__contains__ if pattern is None else lambda name: pattern.match(name) is not None
        publish(each.path, directory, each.chosen, is_frame)
    _clear(directory / fence.root, groups, fence)
    present = chosen | there
    return Look(present, frames - present)


def _groups(directory: Path, fence: Fence) -> list[Path]:
    """The job's directories of attempts, one for each digest."""
    try:
        there = [each for each in (directory / fence.root).iterdir() if each.name.startswith(f"{fence.job}-")]
        return [each for each in there if each.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _ended(group: Path, fence: Fence) -> list[_Ended]:
    found = (_Ended(int(each.name), each) for each in group.iterdir() if each.name.isdecimal())
    return [each for each in found if each.id < fence.before and each.id not in fence.beside]


def _choose_frames(
    ended: Sequence[_Ended],
    frames: FrameSet,
    pattern: FilePattern,
    min_bytes: int,
    doubtful: Sequence[Doubtful],
) -> None:
    """Tell each attempt which frames are to be moved up from it: those that verify, and that no newer one has."""
    died = FrameSet.union_of(some.frames for some in doubtful)
    finished = FrameSet.union_of(some.finished for some in doubtful)
    # A Job that is suspended and goes on (Kueue) has another pod in the same directory: what the first left in the
    # middle of a frame is no work of the second.
    begun = {frame: some.since - GRAIN for some in doubtful for frame in some.frames}
    taken: set[int] = set()
    later: set[int] = set()
    for each in ended:
        written = _written(each.path, pattern)
        whole = {
            frame: file.modified
            for frame, file in written.items()
            if file.size >= min_bytes and file.modified >= begun.get(frame, 0.0)
        }
        # Of files within one tick of the file server's clock, the one of the highest frame is the last.
        last = max(((at, frame) for frame, at in whole.items()), default=(0.0, 0))
        # Somebody rendered its frames again: it has not ended well, whatever is known of it.
        again = any(frame in later or frame in each.later for frame in written)
        # What an interrupted look was about to move is no worse for lying there as the last now.
        known = finished | each.known
        doubted = {
            f for f, at in whole.items() if (at, f) == last and f not in known and (again or f in died)
        }
        own = {frame for frame in whole if frame in frames and frame not in each.done} - doubted - taken
        each.chosen = [written[frame].name for frame in sorted(own)]
        each.frames = FrameSet(own)
        taken |= own
        later.update(written)


def _written(path: Path, pattern: FilePattern) -> dict[int, _Written]:
    """Each frame's file in an attempt's directory."""
    below = Path(pattern.name(1)).parent
    prefix = "" if below == Path() else f"{below.as_posix()}/"
    written = {}
    with suppress(FileNotFoundError, NotADirectoryError), scandir(path / below) as entries:
        for entry in entries:
            name = prefix + entry.name
            frame = pattern.match(name)
            if frame is None or (frame in written and name != pattern.name(frame)):
                continue
            # One that goes while we look is one that is not there.
            with suppress(FileNotFoundError):
                if entry.is_file():
                    stat = entry.stat()
                    written[frame] = _Written(stat.st_mtime, stat.st_size, name)
    return written


def _choose_files(ended: Sequence[_Ended], files: Sequence[tuple[FrameSet, str]], min_bytes: int) -> None:
    """The same for the files of chunks."""
    for of, file in files:
        for each in ended:
            if of <= each.done:
                break
            if not verify_files(each.path, [file], min_bytes):
                each.chosen.append(file)
                each.frames = each.frames | of
                break


def _present(
    directory: Path,
    frames: FrameSet,
    pattern: FilePattern | None,
    files: Sequence[tuple[FrameSet, str]],
    min_bytes: int,
) -> FrameSet:
    if pattern is not None:
        return verify_frames(directory, pattern, frames, min_bytes).present
    wanted = [(of, file) for of, file in files if not of.isdisjoint(frames)]
    gone = set(verify_files(directory, [file for _, file in wanted], min_bytes))
    return FrameSet.union_of(of for of, file in wanted if file not in gone) & frames


def _recorded(group: Path) -> _Moved:
    with suppress(OSError, ValueError):
        lines = (group / RECORD).read_text().splitlines()
        return {int(id_): FrameSet.parse(some) for id_, some in (line.split() for line in lines)}
    return {}


def _record(group: Path, moved: _Moved, frames: FrameSet) -> None:
    """Write down what is moved up, of the frames that are asked for: the others are settled."""
    lines = [f"{id_} {some & frames}\n" for id_, some in sorted(moved.items()) if some & frames]
    group.mkdir(parents=True, exist_ok=True)
    fresh = group / f"{RECORD}.{os.getpid()}"
    with fresh.open("w") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(group / RECORD)


def _clear(root: Path, groups: Sequence[Path], fence: Fence) -> None:
    """Remove the directories of attempts that had ended: all that is wanted of them was asked for and moved.

    What can't be removed is in nobody's way, and is tried again by the next look.
    """
    for group in groups:
        with suppress(OSError):
            for each in _ended(group, fence):
                shutil.rmtree(each.path, ignore_errors=True)
            if not fence.counts(group) and not any(each.is_dir() for each in group.iterdir()):
                # What was moved up from there was rendered with something else than what is rendered now.
                (group / RECORD).unlink(missing_ok=True)
            group.rmdir()
    with suppress(OSError):
        root.rmdir()
