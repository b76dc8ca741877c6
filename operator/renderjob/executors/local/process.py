"""A process of an attempt: a group of its own, its output in a log file, ended gently and then by force."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Exited = Callable[[int], None]
"""Called once on the event loop with the exit code; 128 + n for signal n."""


class Process:
    """A running process group."""

    def __init__(self, popen: subprocess.Popen[bytes], exited: Exited) -> None:
        self.pid = popen.pid
        self._popen = popen
        self._exited = exited
        self._killer: asyncio.TimerHandle | None = None
        self._pidfd = _open_pidfd(self.pid)
        loop = asyncio.get_running_loop()
        if self._pidfd is not None:
            loop.add_reader(self._pidfd, self._reap)
        else:
            # Where the kernel tells no end of a process (macOS), a thread waits for it.
            # One of its own: those of the loop's pool would all be waiting, and none left for other work.
            threading.Thread(target=self._wait, args=(loop,), daemon=True).start()

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        program: str,
        environment: Mapping[str, str],
        directory: Path,
        output: int,
        exited: Exited,
    ) -> Process:
        """Start a process in a group of its own; what it prints goes straight into the open file `output`.

        Raises:
            OSError: it can't be started.
        """
        popen = subprocess.Popen(
            argv,
            executable=program,
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        return cls(popen, exited)

    def stop(self, grace: float) -> None:
        """SIGTERM to the whole group, SIGKILL after `grace` seconds. Asked again, it changes nothing."""
        if self._killer is not None or self._popen.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        self._killer = asyncio.get_running_loop().call_later(grace, self._signal, signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(self._reap)

    def _reap(self) -> None:
        # As in a container, what the first process leaves behind ends with it. Where a pidfd tells of
        # the end, it is not waited for yet, so the group's number can't be somebody else's.
        self._signal(signal.SIGKILL)
        code = self._popen.poll()
        if code is None:
            return
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        if self._killer is not None:
            self._killer.cancel()
        self._exited(code if code >= 0 else 128 - code)


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
