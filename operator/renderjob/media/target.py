"""A result that appears whole or not at all: written beside its target, checked, then renamed onto it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from .errors import PassingError
from .staging import plain_suffix

PREFIX = ".renderjob-merge-"
"""How the hidden name of an unfinished result begins."""

ABANDONED_SECONDS = 3600
"""An unfinished result of the same target that nobody wrote to for this long was left by a killed merge."""


@contextmanager
def replacing(target: Path, *, keep: bool = True) -> Iterator[Path]:
    """Give a hidden name in the target's directory to write to; at the block's end it becomes the target.

    Without `keep` it is removed: whether it can be written is all that was asked.

    On any exception, Ctrl-C or SIGTERM the unfinished file is removed and the target stays as it was. What a
    merge that was killed outright left behind is removed by the next merge of the same target.

    Raises:
        PassingError: the directory cannot be written, or nothing was written to the name.
    """
    identity = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]
    temporary = target.parent / f"{PREFIX}{identity}-{secrets.token_hex(6)}{plain_suffix(target.name)}"
    with _sigterm_raises():
        try:
            with _writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                _remove_abandoned(target.parent, f"{PREFIX}{identity}-")
            yield temporary
            if not keep:
                return
            with _writing(target):
                _make_durable(temporary)
                temporary.replace(target)
                _make_durable(target.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PassingError(f"{target} could not be written: {error}") from error


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(directory: Path, prefix: str) -> None:
    oldest = time.time() - ABANDONED_SECONDS
    with os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.name.startswith(prefix) and entry.stat().st_mtime < oldest:
                    Path(entry.path).unlink()


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Let SIGTERM, as a pod gets it, run the `finally` blocks; a handler that someone set is left alone."""
    mine = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if not mine:
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
