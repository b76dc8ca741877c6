"""Why nothing starts on this machine: what the manifest asks for is not here, the disk is full, or it passes."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renderjob.manager import ExecutorError
from renderjob.outputs import FULL, told, why_not_writable

from .jobs import HeldJob

PASSING = {
    *(errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE),
    *(errno.ENOSPC, errno.EDQUOT, errno.ESTALE, errno.EIO),
}
"""Errors of a start that pass: the machine is short of something, or a file server away, at the moment."""


class DiskError(Exception):
    """Nothing can be written to where frames lie: the disk is full, or can only be read."""


class ConfigError(Exception):
    """The manifest asks for what can't be had on this machine; the sentence says what to do."""


@contextmanager
def made(what: str, cure: str) -> Iterator[None]:
    """Make a file or a directory in the block; `cure` says what a user can do when that does not work.

    Raises:
        DiskError: the disk is full, or can only be read.
        ExecutorError: it passes.
        ConfigError: it can't be made.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskError(told(error, Path(error.filename or what))) from error
        if error.errno in PASSING:
            raise ExecutorError(f"{what} can't be made at the moment: {error.strerror}") from error
        raise ConfigError(f"{what} can't be made on this machine ({error.strerror}): {cure}") from error


@contextmanager
def starting(program: str) -> Iterator[None]:
    """Start a process in the block.

    Raises:
        ExecutorError: it passes.
        ConfigError: it can't be started.
    """
    try:
        yield
    except OSError as error:
        if error.errno in PASSING:
            raise ExecutorError(f"no process can be started at the moment: {error.strerror}") from error
        raise ConfigError(f"{program} can't be started: {error.strerror}") from error
    except ValueError as error:
        # A zero byte in an argument, an = in a variable's name.
        raise ConfigError(f"{program} can't be started: {error}; change command, args or env") from error


async def disk_trouble(held: HeldJob) -> str:
    """After a disk was full: why it still is, in the words of the system; empty when there is room again."""
    if not held.full or held.output is None:
        return ""
    words = await asyncio.to_thread(why_not_writable, held.output)
    held.full = bool(words)
    return words
