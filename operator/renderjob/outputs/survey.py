"""A survey of an attempt's directory: which files of it may be moved to where frames lie, and why others may not.

What may: regular files with no name outside of the directory, and links to such files. Whoever renders sees nothing
but this directory, and may put anything into it: links to what others own, pipes, devices, a million files, or
directories as deep as the file system takes.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from renderjob.frames import FilePattern

from .handles import ABSENT, DEEPEST, Held

MOST_FILES: Final = 200_000
"""Files and directories that are looked at, besides those that were asked for."""

MOST_LEFT: Final = 20
"""Things that can't be moved and are named, one by one."""

_RESERVED: Final = re.compile(r"\.renderjob.*|render~[0-9]+")
"""Names of what is ours, as they are and as a Windows file server shortens them."""

_KINDS: Final = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class File(NamedTuple):
    """A file that may be moved; for a link, what it leads to."""

    modified: float
    size: int
    identity: tuple[int, int]
    """Its device and inode: of a link, its own."""
    link: str = ""
    """Where a link leads to, relative to the directory; empty for a file."""


@dataclass(slots=True)
class Survey:
    """What lies in an attempt's directory."""

    files: dict[str, File] = field(default_factory=dict)
    """What may be moved, by its path in the directory."""
    left: list[str] = field(default_factory=list)
    """What may not, each in a few words; the first of them."""
    others: int = 0
    """How many more may not."""
    closed: dict[str, OSError] = field(default_factory=dict)
    """Directories that can't be read."""

    def leave(self, name: str, why: str) -> None:
        """Something stays where it is."""
        if len(self.left) < MOST_LEFT:
            self.left.append(f"{shown(name)}: {why}")
        else:
            self.others += 1

    def frames(self, pattern: FilePattern) -> dict[int, str]:
        """Of all frames that are there the file's path, as it is written: `-001.png` may be told by `####.png`, too."""
        written: dict[int, str] = {}
        for name in self.files:
            frame = pattern.match(name)
            if frame is not None and (frame not in written or name == pattern.name(frame)):
                written[frame] = name
        return written

    def require(self, name: str) -> None:
        """Nothing can be said of a file whose directory can't be read.

        Raises:
            OSError: that is so.
        """
        for directory, error in self.closed.items():
            if name.startswith(f"{directory}/"):
                raise error

    def __str__(self) -> str:
        """What stays where it is; empty when nothing does."""
        return "; ".join([*self.left, *([f"and {self.others} more"] if self.others else [])])


def is_reserved(name: str) -> bool:
    """Whether a file system may take a name for one of ours: `.renderjob`, in any case and any writing of it."""
    plain = "".join(each for each in name if unicodedata.category(each) != "Cf")
    plain = unicodedata.normalize("NFKC", plain).casefold().partition(":")[0].rstrip(" .")
    return _RESERVED.fullmatch(plain) is not None


def shown(name: str) -> str:
    """A name that anybody may have chosen, fit to be printed."""
    text = name if len(name) <= 80 else f"{name[:80]}…"
    return text if text.isprintable() else ascii(text)[1:-1]


def leads_to(name: str, text: str) -> str:
    """Where a link leads to in the directory that its path begins in; an absolute path, or one with `..`: out of it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), text))


def survey(directory: Held, most: int = MOST_FILES) -> Survey:
    """Look at all that lies in an attempt's directory; at so many files and directories at most.

    Raises:
        OSError: the directory can't be read.
    """
    found = Survey()
    shared: dict[str, int] = {}
    """How many names a file has that has several."""
    links: dict[str, tuple[str, tuple[int, int]]] = {}
    for name, about, text in _walk(directory, "", 0, found, [most]):
        if stat.S_ISLNK(about.st_mode):
            links[name] = (text, _identity(about))
        elif not stat.S_ISREG(about.st_mode):
            found.leave(name, f"{_KINDS.get(stat.S_IFMT(about.st_mode), 'no file')}, which no renderer needs")
        else:
            found.files[name] = File(about.st_mtime, about.st_size, _identity(about))
            if about.st_nlink > 1:
                shared[name] = about.st_nlink
    inside = Counter(found.files[name].identity for name in shared)
    for name, count in shared.items():
        if inside[found.files[name].identity] != count:
            del found.files[name]
            found.leave(name, "a file that has another name outside of its attempt's directory")
    regular = dict(found.files)
    for name, (text, identity) in links.items():
        there = leads_to(name, text)
        if there not in regular:
            found.leave(name, f"a link to {shown(text)}, which is no file of its attempt's directory")
        else:
            found.files[name] = regular[there]._replace(identity=identity, link=there)
    return found


def _identity(about: os.stat_result) -> tuple[int, int]:
    return about.st_dev, about.st_ino


def _walk(
    here: Held, prefix: str, depth: int, found: Survey, room: list[int]
) -> Iterator[tuple[str, os.stat_result, str]]:
    """All that is no directory: its path, what it is, and where it leads to."""
    below: list[str] = []
    with os.scandir(here.fd) as entries:
        for entry in entries:
            name = prefix + entry.name
            if room[0] <= 0:
                found.leave(prefix or ".", "more files than are looked at")
                break
            room[0] -= 1
            if is_reserved(entry.name):
                found.leave(name, "a name that is kept for renderjob's own files")
                continue
            try:
                about = here.stat(entry.name)
                text = os.readlink(entry.name, dir_fd=here.fd) if stat.S_ISLNK(about.st_mode) else ""
            except OSError:
                continue  # it went while we looked
            if stat.S_ISDIR(about.st_mode):
                below.append(entry.name)
            else:
                yield name, about, text
    for each in below:
        if depth >= DEEPEST:
            found.leave(prefix + each, f"a directory more than {DEEPEST} deep")
            continue
        try:
            inner = here.below(each)
        except OSError as error:
            found.leave(prefix + each, f"a directory that can't be read ({error.strerror})")
            if error.errno not in ABSENT:
                found.closed[prefix + each] = error
            continue
        with inner:
            yield from _walk(inner, f"{prefix}{each}/", depth + 1, found, room)
