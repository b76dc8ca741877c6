"""Publishing: what an attempt has left in a directory of its own is moved up to where frames lie."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePath

_LOG = logging.getLogger(__name__)


def publish(source: Path, target: Path, chosen: Collection[str], is_frame: Callable[[str], bool]) -> None:
    """Move files from a directory to the same places below another one.

    Args:
        source: the directory of an attempt that has ended.
        target: the directory of the frames.
        chosen: files that count, relative to the directory; of those that are not there nothing is said.
        is_frame: whether a file would be taken for a frame, or for a chunk's file; such a one stays unless it is
            chosen.

    What is neither (a depth pass, a thumbnail, a log) comes along; from an attempt of which nothing counts it
    replaces nothing, and one that can't be moved holds up no frame. The files that count go last: who is
    interrupted does the same again.

    Raises:
        OSError: a file that counts can't be moved; all that can be is.
    """
    counting = frozenset(chosen)
    for name in list(_files(source)):
        beside = name not in counting and not is_frame(name)
        if beside and (counting or not os.path.lexists(target / name)):
            try:
                move(source / name, target / name)
            except OSError as error:
                _LOG.warning("%s can't be moved to %s: %s", source / name, target / name, error.strerror)
    wrong: OSError | None = None
    for name in chosen:
        if os.path.lexists(source / name):
            try:
                move(source / name, target / name)
            except OSError as error:
                wrong = wrong or error
    if wrong is not None:
        raise wrong


def move(source: Path, target: Path) -> None:
    """Put a file in the place of another one, whole at any moment.

    Raises:
        OSError: it can't be moved.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # A sub-directory of the output may lie on another disk.
        half = target.with_name(f".{target.name}.part")
        try:
            shutil.copy2(source, half, follow_symlinks=False)
            if not half.is_symlink():
                _flush(half)
            half.replace(target)
        except OSError:
            half.unlink(missing_ok=True)
            raise
        source.unlink()


def _flush(path: Path) -> None:
    """The file is whole before its original goes, also when the power fails."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _files(directory: Path) -> Iterator[str]:
    """All that is no directory, relative to one."""
    for parent, directories, files in os.walk(directory):
        links = [name for name in directories if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            yield PurePath(parent, name).relative_to(directory).as_posix()
