"""Which process runs a job: a lock that ends with its process, and the pid beside it for people to read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from renderjob.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from renderjob.executors.local import Store

_GLANCE = 0.5
"""Seconds that taking a lock may wait: another command only looks whether it is held."""


@contextmanager
def running(store: Store, uid: str, name: str) -> Iterator[None]:
    """Be the one process that runs this job.

    Raises:
        CliError: another process runs it; its text names it.
    """
    from filelock import FileLock, Timeout

    path = store.lock(uid)
    store.keep_private()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=_GLANCE, poll_interval=0.02)
    except Timeout:
        raise CliError(
            f"{name} is already running in {_process(owner(store, uid))}; "
            f"watch it with: renderjob get {name} -w",
            ExitCode.CONFLICT,
        ) from None
    note = _note(store, uid)
    try:
        note.write_text(str(os.getpid()))
        yield
    finally:
        note.unlink(missing_ok=True)
        # The job may have been deleted meanwhile, and the lock's file with it.
        with contextlib.suppress(OSError):
            lock.release()


def owner(store: Store, uid: str) -> int | None:
    """The pid of the process that runs a job; 0 when it is not known, None when no process runs it."""
    path = store.lock(uid)
    if not path.exists():
        return None
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        try:
            return int(_note(store, uid).read_text())
        except (OSError, ValueError):
            return 0
    lock.release()
    return None


def _note(store: Store, uid: str) -> Path:
    # Not in the lock's own file, which every look at the lock empties.
    return store.lock(uid).with_name("runner")


def _process(pid: int | None) -> str:
    return f"process {pid}" if pid else "another process"
