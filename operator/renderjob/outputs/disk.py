"""Whether frames can be written: asked of the system itself, by writing, and told in its own words."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors of a disk that is full, or can only be read: whoever looks after it will see to it."""

DENIED: Final = frozenset({errno.EACCES, errno.EPERM})
"""Errors of a directory in which we may not write."""

LEAST: Final = 64 * 1024
"""Bytes of room for a small frame."""

MOST: Final = 64 << 20
"""Bytes that are asked for at most."""


def why_not_writable(directory: Path, size: int = LEAST) -> str:
    """Why no file of some bytes can be written into a directory, in the words of the system; empty when it can.

    Args:
        directory: where frames lie; the nearest directory above it where it is not made yet.
        size: bytes that a frame takes; between `LEAST` and `MOST` of them are asked for.
    """
    there = next((path for path in (directory, *directory.parents) if path.is_dir()), directory)
    probe = there / f".renderjob-{secrets.token_hex(4)}.probe"
    try:
        fd = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _take(fd, min(MOST, max(LEAST, size)))
        finally:
            os.close(fd)
            with suppress(OSError):
                probe.unlink()
    except OSError as error:
        return told(error, there)
    return ""


def why_full(directory: Path) -> str:
    """The same by what the file system says of itself, for who may only read there; empty while there is room."""
    try:
        there = os.statvfs(directory)
    except OSError:
        return ""
    if there.f_blocks == 0 or there.f_bavail * there.f_frsize >= LEAST:
        return ""
    return told(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), directory)


def told(error: OSError, directory: Path) -> str:
    """The system's words for an error in a directory, with where that is."""
    words = error.strerror or str(error)
    words = words[:1].lower() + words[1:]
    return f"{words}: {directory} (on {_device(directory)})"


def remedy(error: OSError, directory: Path) -> str:
    """What a pod that is refused something can be given in its template; empty for an error of another kind.

    Args:
        error: of the system, which knows where it happened, mostly.
        directory: where frames lie.
    """
    if error.errno == errno.EROFS:
        return "it can only be read: let the template mount the volume of output.path without readOnly"
    if error.errno not in DENIED:
        return ""
    where = Path(os.fsdecode(error.filename)) if error.filename else directory
    there = next((path for path in (where, *where.parents) if path.is_dir()), directory)
    whose = "nobody knows whose the directory is"
    with suppress(OSError):
        found = there.stat()
        whose = (
            f"{there} is of user {found.st_uid}, group {found.st_gid}, mode {stat.S_IMODE(found.st_mode):04o}"
        )
    groups = ",".join(map(str, sorted({os.getegid(), *os.getgroups()})))
    return (
        f"this pod is user {os.geteuid()}, groups {groups}; {whose}: set runAsUser or fsGroup in "
        "template.spec.securityContext, or the directory's owner"
    )


def _take(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
    else:
        while size > 0:
            size -= os.write(fd, bytes(min(size, 1 << 20)))
    os.fsync(fd)


def _device(directory: Path) -> str:
    """The file system on which a directory lies, and how much of it is free."""
    mount = directory.absolute()
    with suppress(OSError):
        while not mount.is_mount():
            mount = mount.parent
        free = shutil.disk_usage(directory).free
        return f"{mount}, {free / (1 << 20):.1f} MiB free"
    return str(mount)
