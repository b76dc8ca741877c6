"""Publishing: what an attempt has left in a directory of its own is moved up to where frames lie."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Final, Self

from renderjob.frames import FilePattern, FrameSet

from .handles import Held
from .survey import File, Survey, leads_to, shown

_LOG = logging.getLogger(__name__)

RESERVED: Final = ".renderjob"
"""In a directory with one of these, attempts of somebody write."""

_SET_ID: Final = stat.S_ISUID | stat.S_ISGID


class Rank(Enum):
    """What a file of an attempt is to the job, by its name."""

    FRAME = "Frame"
    """It would be taken for a frame, or for a chunk's file: it stays unless it was chosen."""
    SPARE = "Spare"
    """A frame that nobody asked for: it goes up where nothing lies."""
    BESIDE = "Beside"
    """A depth pass, a thumbnail, a log: it comes along."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What names mean to a job."""

    patterns: Sequence[FilePattern]
    """Of frames."""
    files: Collection[str]
    """Of chunks."""
    asked: FrameSet | None
    """The frames of the job; None: nobody says."""
    min_bytes: int
    """What is smaller is no frame."""

    def of(self, name: str, size: int) -> Rank:
        """What a file of an attempt is, by its path and its bytes."""
        frame = next((frame for each in self.patterns if (frame := each.match(name)) is not None), None)
        if frame is None and name not in self.files:
            return Rank.BESIDE
        # What is too small to be a frame, or is nobody's frame, is there to be looked at.
        foreign = frame is not None and self.asked is not None and frame not in self.asked
        return Rank.SPARE if foreign or size < self.min_bytes else Rank.FRAME


def publish(
    source: Held,
    target: Held,
    found: Survey,
    chosen: Collection[str],
    ranking: Ranking,
    *,
    follow: bool = False,
) -> list[str]:
    """Move files from a directory to the same places below another one.

    Args:
        source: the directory of an attempt that has ended.
        target: the directory of the frames.
        found: what lies in `source`; what is not in it is not moved.
        chosen: files that count, by their paths; of those that are not there nothing is said.
        ranking: what a file is that is not chosen.
        follow: whether links among the sub-directories of `target` are followed: only where nobody but their owner
            can have made them.

    Returns those of `chosen` that turned out to be no file that may be moved.

    From an attempt of which nothing counts, what is beside the frames replaces nothing, and one that can't be moved
    holds up no frame. The files that count go last: who is interrupted does the same again.

    Raises:
        OSError: a file that counts can't be moved; all that can be is.
    """
    counting = frozenset(chosen)
    spoiled: list[str] = []
    wrong: OSError | None = None
    with _Moves(source, target, found, follow=follow) as moves:
        for name in _in_order(found, counting):
            standing = Rank.BESIDE if name in counting else ranking.of(name, found.files[name].size)
            if standing is Rank.FRAME:
                continue
            try:
                if name in counting:
                    if not moves.move(name, replaces=True):
                        spoiled.append(name)
                elif not moves.move(name, replaces=bool(counting) and standing is Rank.BESIDE, beside=True):
                    found.leave(name, "it was exchanged while it was looked at")
            except OSError as error:
                if name in counting:
                    wrong = wrong or error
                    continue
                _LOG.warning("%s can't be moved to %s: %s", shown(name), target.path, error.strerror)
                found.leave(name, f"it can't be moved ({error.strerror})")
    if wrong is not None:
        raise wrong
    return spoiled


def _in_order(found: Survey, counting: Collection[str]) -> list[str]:
    """What is beside the frames, then the frames; links last, since what they lead to has to be there by then."""
    return sorted(
        found.files, key=lambda name: (bool(found.files[name].link), name in counting, _parent(name))
    )


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


class _Moves:
    """Moves from one directory to another, with the pair of sub-directories open that was used last."""

    def __init__(self, source: Held, target: Held, found: Survey, *, follow: bool) -> None:
        self._source = source
        self._target = target
        self._found = found
        self._follow = follow
        self._parent: tuple[str, bool] | None = None
        self._pair = ExitStack()
        self._from, self._to = source, target

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pair.close()

    def move(self, name: str, *, replaces: bool, beside: bool = False) -> bool:
        """Put a file in the same place of the target, whole at any moment.

        Args:
            name: its path.
            replaces: whether it may take the place of what is called so there.
            beside: it is none of the frames: it goes to no directory in which attempts of another job write.

        Returns whether it was the file that was looked at; else it is nowhere.

        Raises:
            OSError: it can't be moved.
        """
        self._open(_parent(name), beside=beside)
        base, file = name.rpartition("/")[2], self._found.files[name]
        if not self._from.has(base) or (not replaces and self._to.has(base)):
            return True
        if file.link:
            if not self._is_there(file.link):
                return False
        elif self._from.stat(base).st_mode & _SET_ID:
            # Nobody gets a right out of a fence by running what came out of it.
            with self._from.file(base) as fd:
                os.fchmod(fd, os.fstat(fd).st_mode & 0o1777)
        try:
            self._from.replace(base, self._to, base)
        except OSError as error:
            if error.errno != errno.EXDEV or file.link:
                raise
            # A sub-directory of the output may lie on another disk.
            return _copy(self._from, self._to, base, file.identity)
        if self._is_the_same(name, base, file):
            return True
        with suppress(OSError):
            self._to.unlink(base)
        return False

    def _is_the_same(self, name: str, base: str, file: File) -> bool:
        """Whether what was moved is what was looked at: by its number and, numbers being used again, by its kind."""
        moved = self._to.stat(base)
        if (moved.st_dev, moved.st_ino) != file.identity:
            return False
        if not file.link:
            return stat.S_ISREG(moved.st_mode) and not moved.st_mode & _SET_ID
        return (
            stat.S_ISLNK(moved.st_mode) and leads_to(name, os.readlink(base, dir_fd=self._to.fd)) == file.link
        )

    def _open(self, parent: str, *, beside: bool) -> None:
        if self._parent == (parent, beside):
            return
        self._pair.close()
        self._parent, self._from, self._to = None, self._source, self._target
        if parent:
            source, target = self._source.below(parent), None
            self._pair.callback(os.close, source.fd)
            target = self._target.below(parent, make=True, follow=self._follow)
            self._pair.callback(os.close, target.fd)
            if beside:
                self._refuse_others(parent)
            self._from, self._to = source, target
        self._parent = (parent, beside)

    def _refuse_others(self, parent: str) -> None:
        """Another job's output may lie below this one's: its frames are not replaced by what comes along here."""
        parts = parent.split("/")
        for count in range(1, len(parts) + 1):
            with self._target.below("/".join(parts[:count]), follow=self._follow) as directory:
                if directory.has(RESERVED):
                    raise OSError(errno.EPERM, "attempts of another job write there", str(directory.path))

    def _is_there(self, name: str) -> bool:
        """Whether what a link leads to has been moved."""
        try:
            with self._target.below(_parent(name) or ".", follow=self._follow) as directory:
                return stat.S_ISREG(directory.stat(name.rpartition("/")[2]).st_mode)
        except OSError:
            return False


def _copy(source: Held, target: Held, name: str, identity: tuple[int, int]) -> bool:
    """Move a file to another disk. Returns whether it is the one that was looked at.

    Raises:
        OSError: it can't be, with both paths.
    """
    try:
        with source.file(name) as old:
            about = os.fstat(old)
            if (about.st_dev, about.st_ino) != identity:
                return False
            with target.writing(name, 0o600) as new:
                with os.fdopen(os.dup(old), "rb") as reads, os.fdopen(os.dup(new), "wb") as writes:
                    shutil.copyfileobj(reads, writes, 1 << 20)
                with suppress(OSError):
                    os.fchown(new, about.st_uid, about.st_gid)
                os.fchmod(new, stat.S_IMODE(about.st_mode) & 0o1777)
                os.utime(new, ns=(about.st_atime_ns, about.st_mtime_ns))
        source.unlink(name)
    except OSError as error:
        raise source.failed(error, name, target, name) from error
    return True
