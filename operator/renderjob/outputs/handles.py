"""Directories by handles: what is done in one is done in that one, whatever is put in its place meanwhile.

What lies in an attempt's directory is a renderer's, and a renderer may be hostile: it may put a link where a
directory was a moment ago. So a path is never looked up twice, and none of its parts is a link that is followed.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""No directory is called so: nothing, a file, or a link, which is not followed."""

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

DEEPEST: Final = 32
"""Directories below each other that are looked into."""

MOST_REMOVED: Final = 250_000
"""Files and directories that are removed at once; what is left is removed the next time."""

_BATCH: Final = 512


class Held:
    """A directory that is open; use it as a context manager."""

    __slots__ = ("fd", "path")

    def __init__(self, fd: int, path: Path) -> None:
        self.fd = fd
        self.path = path
        """Where it was found: for messages."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """A directory by its path; whoever names it vouches for the links in it.

        Raises:
            OSError: it is not there, is none, or may not be read.
        """
        return cls(os.open(path, _DIRECTORY), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.fd)

    def below(self, relative: str, *, make: bool = False, follow: bool = False) -> Held:
        """A directory below this one; `.` is this one again.

        Args:
            relative: its path from here.
            make: directories that are not there are made.
            follow: links are followed; else one on the way is an error.

        Raises:
            OSError: it is not there, or one of its parts is a link or a file.
        """
        flags = _DIRECTORY if follow else _DIRECTORY | os.O_NOFOLLOW
        here = os.dup(self.fd)
        try:
            for part in Path(relative).parts:
                if part == "..":
                    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(self.path / relative))
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=here)
                there = os.open(part, flags, dir_fd=here)
                os.close(here)
                here = there
        except OSError as error:
            os.close(here)
            raise OSError(error.errno, error.strerror, str(self.path / relative)) from error
        return Held(here, self.path / relative)

    def stat(self, name: str) -> os.stat_result:
        """Of what is called so here: of a link, not of what it leads to.

        Raises:
            OSError: nothing is.
        """
        return os.stat(name, dir_fd=self.fd, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Whether anything is called so here, a link that leads nowhere included."""
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def directories(self) -> list[str]:
        """The names of the directories in it; links are none."""
        with os.scandir(self.fd) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]

    def replace(self, name: str, target: Held, to: str) -> None:
        """Move something to another directory, in the place of what is called so there.

        Raises:
            OSError: it can't be, with both paths.
        """
        try:
            os.replace(name, to, src_dir_fd=self.fd, dst_dir_fd=target.fd)
        except OSError as error:
            raise self.failed(error, name, target, to) from error

    def failed(self, error: OSError, name: str, target: Held, to: str) -> OSError:
        """An error of a move, with both paths."""
        return OSError(error.errno, error.strerror, str(self.path / name), None, str(target.path / to))

    def unlink(self, name: str) -> None:
        """Remove a file or a link; of one that is not there nothing is said.

        Raises:
            OSError: it is a directory, or may not be removed.
        """
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.fd)

    @contextmanager
    def file(self, name: str) -> Iterator[int]:
        """A regular file, open for reading; nobody waits for what is none, such as a pipe without a writer.

        Raises:
            OSError: it is not there, is a link or no regular file, or may not be read.
        """
        fd = os.open(name, _FILE, dir_fd=self.fd)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "no regular file", str(self.path / name))
            yield fd
        finally:
            os.close(fd)

    def read(self, name: str, most: int) -> bytes:
        """What a regular file holds.

        Raises:
            OSError: as `file`; or it holds more than `most` bytes.
        """
        with self.file(name) as fd, os.fdopen(os.dup(fd), "rb") as file:
            found = file.read(most + 1)
        if len(found) > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(self.path / name))
        return found

    @contextmanager
    def writing(self, name: str, mode: int = 0o666) -> Iterator[int]:
        """A new file for writing, that takes this name, whole and on the disk, at the block's end.

        Raises:
            OSError: it can't be written.
        """
        half = f".{name}.part"
        self.unlink(half)
        fd = os.open(
            half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.fd
        )
        try:
            try:
                yield fd
                os.fsync(fd)
            finally:
                os.close(fd)
            os.replace(half, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        except BaseException:
            with suppress(OSError):
                self.unlink(half)
            raise

    def write(self, name: str, content: bytes) -> None:
        """Give a file this content, whole or not at all.

        Raises:
            OSError: it can't be written.
        """
        with self.writing(name) as fd, os.fdopen(os.dup(fd), "wb") as file:
            file.write(content)

    # -- removing ---------------------------------------------------------------------------------------------

    def remove(self, name: str, most: int = MOST_REMOVED) -> int:
        """Remove a file or a directory with all that is in it, and nothing that a link in it leads to.

        Whatever its size and depth, few directories are open and few names held at a time. What can't be removed
        stays, and so does what is left after `most` removals. Returns how many of these are left.
        """
        if most <= 0:
            return 0
        try:
            if not stat.S_ISDIR(self.stat(name).st_mode):
                self.unlink(name)
                return most - 1
            with _opened(self, name) as top:
                most = _Removal(top, most).run()
            os.rmdir(name, dir_fd=self.fd)
        except OSError:
            pass
        return most


class _Removal:
    """The removal of all that is in a directory."""

    def __init__(self, top: Held, most: int) -> None:
        self._top = top
        self._left = most
        self._stuck: set[tuple[int, int]] = set()
        """Directories that can't be removed, by device and inode."""

    def run(self) -> int:
        """Remove, as far as it goes. Returns how many removals are left."""
        open_: list[Held] = []
        here = self._top
        try:
            while True:
                deeper = self._files_of(here, lift=len(open_) >= DEEPEST)
                if deeper is not None:
                    open_.append(deeper)
                    here = deeper
                elif not open_:
                    return max(0, self._left)
                else:
                    done = open_.pop()
                    here = open_[-1] if open_ else self._top
                    self._directory(here, done)
        finally:
            for each in open_:
                os.close(each.fd)

    def _directory(self, parent: Held, done: Held) -> None:
        """Remove a directory that is empty by now, or remember that it is not."""
        name, found = done.path.name, os.fstat(done.fd)
        os.close(done.fd)
        try:
            os.rmdir(name, dir_fd=parent.fd)
        except OSError:
            self._stuck.add((found.st_dev, found.st_ino))

    def _files_of(self, here: Held, *, lift: bool) -> Held | None:
        """Remove what is no directory; returns the next directory that is, and None when there is nothing to do."""
        opened_up = False
        while self._left > 0:
            with os.scandir(here.fd) as entries:
                batch = [
                    (entry.name, entry.is_dir(follow_symlinks=False))
                    for entry in islice(entries, min(_BATCH, self._left))
                ]
            progress = False
            for name, is_directory in batch:
                self._left -= 1
                if not is_directory:
                    with suppress(OSError):
                        os.unlink(name, dir_fd=here.fd)
                        progress = True
                    continue
                found = self._next(here, name, lift=lift)
                if isinstance(found, Held):
                    return found
                progress |= found
            if not progress and not opened_up and batch:
                # Its owner may have taken the right to change it away from itself.
                with suppress(OSError):
                    os.fchmod(here.fd, 0o700)
                opened_up = progress = True
            if not progress:
                break
        return None

    def _next(self, here: Held, name: str, *, lift: bool) -> Held | bool:
        """A directory, open to be emptied; else whether it is out of the way."""
        with suppress(OSError):
            os.rmdir(name, dir_fd=here.fd)
            return True
        try:
            found = here.stat(name)
            if (found.st_dev, found.st_ino) in self._stuck:
                return False
            if not lift:
                return _opened(here, name)
            # However deep it is, it is emptied from near the top: no more than so many are open at a time.
            os.rename(name, secrets.token_hex(16), src_dir_fd=here.fd, dst_dir_fd=self._top.fd)
        except OSError:
            return False
        return True


def _opened(parent: Held, name: str) -> Held:
    """A directory, open to be emptied, though its owner may have taken the right to read it away from itself."""
    with suppress(PermissionError):
        return parent.below(name)
    handle = os.open(name, getattr(os, "O_PATH", 0) | os.O_NOFOLLOW | os.O_DIRECTORY, dir_fd=parent.fd)
    try:
        os.chmod(f"/proc/self/fd/{handle}", 0o700)  # noqa: PTH101 - what is open, not what is called so
    finally:
        os.close(handle)
    return parent.below(name)
