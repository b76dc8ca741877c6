"""A look at fenced frames: those that verify are moved up from their attempts' directories, the rest goes.

It may be interrupted anywhere and is then done again: before anything is moved a record says what will be, so
that a frame that is not in its attempt's directory any more is known to have come from there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from renderjob.frames import EMPTY, FilePattern, FrameSet

from .damage import Check
from .handles import ABSENT, MOST_REMOVED, Held
from .lacking import some
from .look import GRAIN, Asked, Doubtful, Look, newest, present_of, told
from .publish import Ranking, publish
from .survey import MOST_FILES, Survey, survey
from .verify import verify_files

_LOG = logging.getLogger(__name__)

LEFT: Final = "left"
"""Beside the directories of attempts: what was in them and may not be moved up, and why."""

_MOST_RECORD: Final = 16 << 20
"""Bytes of a record that are read; a line is a range string."""

_MOST_LEFT: Final = 1 << 16
"""Bytes of what may not be moved up that are kept."""

_GOING: Final = ".gone"
"""Ends the name of a directory of which all that counts was moved up."""

_MOST_FRAMES: Final = 1_000_000
"""Frames of a line of a record."""

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

    all: FrameSet | None = None
    """The frames of the job: what would be another one's is none of its frames; None: nobody says."""

    @property
    def current(self) -> str:
        """The group of directories of what is rendered now."""
        return f"{self.job}-{self.digest}"

    def counts(self, group: Held) -> bool:
        """Whether frames of this group of directories count."""
        return self.any_digest or group.path.name == self.current


@dataclass(frozen=True, slots=True)
class _Written:
    """A frame's files in an attempt's directory."""

    modified: float
    """When the last file of the frame was written."""
    size: int
    """Of the smallest; -1 when one is missing."""
    names: tuple[str, ...]
    """As they are written: `-001.png` may be told by `####.png`, too."""


_Frames = dict[int, _Written]


@dataclass(slots=True)
class _Ended:
    """The directory of an attempt that had ended when the look was asked for."""

    id: int
    group: Held
    name: str
    written: _Frames = field(default_factory=dict)
    """The frames whose files are there."""
    files: dict[str, int] = field(default_factory=dict)
    """The sizes of the files of chunks that are there."""
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


def look_fenced(directory: Path, asked: Asked, fence: Fence) -> Look:
    """Look for the files of frames as `look` does, but in the directories of attempts, and move up what is there.

    Of each frame the file of the newest attempt counts. Where an attempt died, or its frames were rendered again,
    its last file counts only when its log says that it was finished. A frame that lies in `directory` already
    counts when a look has moved it there.

    Raises:
        OSError: the directory can't be read, or written to; that says nothing about the frames.
    """
    frames, patterns, files, min_bytes = asked.frames, asked.patterns, asked.files, asked.min_bytes
    with _held(directory, fence) as (output, groups):
        if output is None:
            return told(Look(EMPTY, frames), directory, patterns, EMPTY, min_bytes, writes=True)
        counting = [group for group in groups if fence.counts(group)]
        ended = sorted(
            (each for group in counting for each in _ended(group, fence)),
            key=lambda each: each.id,
            reverse=True,
        )
        moved: _Moved = {}
        for group in counting:
            for id_, some in _recorded(group).items():
                moved[id_] = some | moved.get(id_, EMPTY)
        before = FrameSet.union_of(moved.values()) | fence.adopt
        there = _present(directory, frames & before, patterns, files, min_bytes)
        _look_into(ended, patterns, [file for _, file in files], MOST_FILES + 4 * len(frames))
        for each in ended:
            newer = FrameSet.union_of(some for id_, some in moved.items() if id_ > each.id)
            each.later, each.done = newer, newer & there
            each.known = moved.get(each.id, EMPTY)
        if patterns:
            _choose_frames(ended, frames, min_bytes, asked.doubtful)
        else:
            _choose_files(ended, files, min_bytes)
        partly, lacks = _in_part(ended, patterns, frames, directory)
        bad, reasons = _leave_damaged(ended, patterns, files, asked.check) if asked.check else (EMPTY, "")
        chosen = FrameSet.union_of(each.frames for each in ended) & frames
        if chosen:
            for each in ended:
                moved[each.id] = each.frames | moved.get(each.id, EMPTY)
            _record(output, fence, moved, frames)
        spoiled = EMPTY
        for each in reversed(ended):
            spoiled = spoiled | _publish(each, output, fence, patterns, files, min_bytes, len(frames))
        _clear(output, groups, fence)
        present = (chosen | there) - spoiled
        why = "; ".join(filter(None, (reasons, lacks)))
        return told(
            Look(present, frames - present, why), directory, patterns, bad | partly, min_bytes, writes=True
        )


@contextmanager
def _held(directory: Path, fence: Fence) -> Iterator[tuple[Held | None, list[Held]]]:
    """The directory of the frames, and the job's directories of attempts, one for each digest.

    Nothing when there is no such directory.
    """
    with ExitStack() as held:
        try:
            output = held.enter_context(Held.open(directory))
        except (FileNotFoundError, NotADirectoryError):
            yield None, []
            return
        groups: list[Held] = []
        # Neither is followed when it is a link: ours never are.
        root = _below(output, fence.root)
        if root is not None:
            held.enter_context(root)
            found = (_below(root, name) for name in root.directories() if name.startswith(f"{fence.job}-"))
            groups = [held.enter_context(group) for group in found if group is not None]
        yield output, groups


def _below(parent: Held, name: str) -> Held | None:
    """A directory, if there is one of this name.

    Raises:
        OSError: it can't be read.
    """
    try:
        return parent.below(name)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def _ended(group: Held, fence: Fence) -> list[_Ended]:
    found = (_Ended(int(name), group, name) for name in group.directories() if _is_id(name))
    return [each for each in found if each.id < fence.before and each.id not in fence.beside]


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 16


def _look_into(
    ended: Sequence[_Ended], patterns: Sequence[FilePattern], names: Sequence[str], most: int
) -> None:
    """Note which frames' files each attempt has left, of the newest first; of so many frames at most.

    Raises:
        OSError: it can't be seen.
    """
    for each in ended:
        directory = _below(each.group, each.name)
        if directory is None:
            continue
        with directory:
            found = survey(directory, MOST_FILES + most)
        for name in [pattern.name(1) for pattern in patterns] or names:
            found.require(name)
        if not patterns:
            each.files = {name: found.files[name].size for name in names if name in found.files}
        elif most > 0:
            each.written = _written(found, patterns)
            most -= len(each.written)


def _publish(
    each: _Ended,
    output: Held,
    fence: Fence,
    patterns: Sequence[FilePattern],
    files: Sequence[tuple[FrameSet, str]],
    min_bytes: int,
    asked: int,
) -> FrameSet:
    """Move up what an attempt has left. Returns the frames of those files that turned out to be none."""
    ranking = Ranking(patterns, frozenset(file for _, file in files), fence.all, min_bytes)
    directory = _below(each.group, each.name)
    if directory is None:
        return each.frames
    with directory:
        found = survey(directory, MOST_FILES + 4 * asked)
        try:
            spoiled = set(publish(directory, output, found, each.chosen, ranking))
        finally:
            _leave(each, found)
    if not patterns:
        return FrameSet.union_of(of for of, file in files if file in spoiled)
    return FrameSet(frame for frame, file in each.written.items() if not spoiled.isdisjoint(file.names))


def _in_part(
    ended: Sequence[_Ended], patterns: Sequence[FilePattern], frames: FrameSet, directory: Path
) -> tuple[FrameSet, str]:
    """Frames of which some files were written and others were not, and the names of those."""
    partly: dict[int, list[str]] = {}
    for each in ended:
        for frame, file in each.written.items():
            if file.size < 0 and frame in frames:
                known = {index for index, p in enumerate(patterns) for n in file.names if p.match(n) == frame}
                partly[frame] = [p.name(frame) for index, p in enumerate(patterns) if index not in known]
    names = [name for _, those in sorted(partly.items()) for name in those]
    return FrameSet(partly), f"wanted {some(names)} in {directory}" if names else ""


def _leave_damaged(
    ended: Sequence[_Ended],
    patterns: Sequence[FilePattern],
    files: Sequence[tuple[FrameSet, str]],
    check: Check,
) -> tuple[FrameSet, str]:
    """Choose no frame of which a picture is damaged. Returns them, and what is wrong with the first."""
    bad, reasons = EMPTY, []
    for each in ended:
        found = check(each.group.path / each.name, each.chosen)
        wrong = set(found.names)
        if not wrong:
            continue
        if patterns:
            gone = FrameSet(f for f, file in each.written.items() if not wrong.isdisjoint(file.names))
            wrong = {name for frame in gone for name in each.written[frame].names}
        else:
            gone = FrameSet.union_of(of for of, file in files if file in wrong)
        each.chosen = [name for name in each.chosen if name not in wrong]
        each.frames, bad = each.frames - gone, bad | gone
        reasons += found.reasons
    return bad, "; ".join(reasons[:3])


def _leave(each: _Ended, found: Survey) -> None:
    """Say what may not be moved up, where whoever looks for it will look."""
    if not str(found):
        return
    _LOG.warning("attempt %d: not moved up: %s", each.id, found)
    with suppress(OSError):
        before = b""
        with suppress(OSError):
            before = each.group.read(LEFT, _MOST_LEFT)
        each.group.write(LEFT, (before + f"attempt {each.id}: {found}\n".encode())[-_MOST_LEFT:])


def _choose_frames(
    ended: Sequence[_Ended],
    frames: FrameSet,
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
        written = each.written
        whole = {
            frame: file.modified
            for frame, file in written.items()
            if file.size >= min_bytes and file.modified >= begun.get(frame, 0.0)
        }
        last = newest(whole)
        # Somebody rendered its frames again: it has not ended well, whatever is known of it.
        again = any(frame in later or frame in each.later for frame in written)
        # What an interrupted look was about to move is no worse for lying there as the last now.
        known = finished | each.known
        doubted = {
            f for f, at in whole.items() if (at, f) == last and f not in known and (again or f in died)
        }
        own = {frame for frame in whole if frame in frames and frame not in each.done} - doubted - taken
        each.chosen = [name for frame in sorted(own) for name in written[frame].names]
        each.frames = FrameSet(own)
        taken |= own
        later.update(written)


def _written(found: Survey, patterns: Sequence[FilePattern]) -> _Frames:
    """Each frame's files in an attempt's directory."""
    names: dict[int, list[str]] = {}
    for pattern in patterns:
        for frame, name in found.frames(pattern).items():
            names.setdefault(frame, []).append(name)
    written = {}
    for frame, those in names.items():
        files = [found.files[name] for name in those]
        smallest = min(file.size for file in files) if len(files) == len(patterns) else -1
        written[frame] = _Written(max(file.modified for file in files), smallest, tuple(those))
    return written


def _choose_files(ended: Sequence[_Ended], files: Sequence[tuple[FrameSet, str]], min_bytes: int) -> None:
    """The same for the files of chunks."""
    for of, file in files:
        for each in ended:
            if of <= each.done:
                break
            if each.files.get(file, -1) >= min_bytes:
                each.chosen.append(file)
                each.frames = each.frames | of
                break


def _present(
    directory: Path,
    frames: FrameSet,
    patterns: Sequence[FilePattern],
    files: Sequence[tuple[FrameSet, str]],
    min_bytes: int,
) -> FrameSet:
    if patterns:
        return present_of(directory, patterns, frames, min_bytes)
    wanted = [(of, file) for of, file in files if not of.isdisjoint(frames)]
    gone = set(verify_files(directory, [file for _, file in wanted], min_bytes))
    return FrameSet.union_of(of for of, file in wanted if file not in gone) & frames


def _recorded(group: Held) -> _Moved:
    with suppress(OSError, ValueError):
        lines = group.read(RECORD, _MOST_RECORD).decode().splitlines()
        parts = (line.split() for line in lines)
        return {int(id_): FrameSet.parse_at_most(some, _MOST_FRAMES) for id_, some in parts}
    return {}


def _record(output: Held, fence: Fence, moved: _Moved, frames: FrameSet) -> None:
    """Write down what is moved up, of the frames that are asked for: the others are settled."""
    lines = [f"{id_} {some & frames}\n" for id_, some in sorted(moved.items()) if some & frames]
    with output.below(f"{fence.root}/{fence.current}", make=True) as group:
        group.write(RECORD, "".join(lines).encode())


def _clear(output: Held, groups: Sequence[Held], fence: Fence) -> None:
    """Remove the directories of attempts that had ended: all that is wanted of them was asked for and moved.

    What can't be removed is in nobody's way, and is tried again by the next look. So is what is too much for one.
    """
    left = MOST_REMOVED
    for group in groups:
        with suppress(OSError):
            for each in _ended(group, fence):
                with suppress(OSError):
                    # From here on it is nobody's, however long it takes.
                    group.replace(each.name, group, each.name + _GOING)
            for name in group.directories():
                if name.endswith(_GOING):
                    left = group.remove(name, left)
            if not fence.counts(group) and not group.directories():
                # What was moved up from there was rendered with something else than what is rendered now.
                group.unlink(RECORD)
                group.unlink(LEFT)
        with suppress(OSError), output.below(fence.root) as root:
            os.rmdir(group.path.name, dir_fd=root.fd)
    with suppress(OSError):
        os.rmdir(fence.root, dir_fd=output.fd)
