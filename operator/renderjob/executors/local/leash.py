"""Leash: the manager's end of the watchdog, and the search for what an earlier manager left running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

_PROC = Path("/proc/self/environ")

_PATIENCE = 15.0
"""Seconds that leftovers get to end, their own watchdog's grace period included, before they are killed."""


class Leash:
    """Holds the pipe whose end tells the watchdog that this process is dead."""

    def __init__(self) -> None:
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()
        self._told: set[int] = set()

    def take(self, uid: str) -> None:
        """Watch over a job's attempts; the watchdog is started with the first job."""
        if self._watchdog is None:
            script = Path(__file__).with_name("watchdog.py")
            self._watchdog = subprocess.Popen(
                [sys.executable, "-I", "-S", str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._write(f"={uid}\n")

    def add(self, group: int) -> None:
        """A process group was started.

        The watchdog finds it by its environment, should this process die before the next `tell`; where there is
        no /proc it can't, and is told as soon as the event loop has done what it is at.
        """
        self._groups.add(group)
        if not _PROC.exists():
            asyncio.get_running_loop().call_soon(self.tell)

    def remove(self, group: int) -> None:
        """A process group has ended; told with the others, since nothing hangs on it."""
        self._groups.discard(group)

    def close(self) -> None:
        """Let the watchdog go; it ends whatever was not removed."""
        if self._watchdog is not None:
            self.tell()
            if self._watchdog.stdin is not None:
                with contextlib.suppress(OSError):
                    self._watchdog.stdin.close()
            self._watchdog.wait()
            self._watchdog = None

    def tell(self) -> None:
        """Tell the watchdog which groups began and ended since the last time; of brief ones it never hears."""
        news = [
            *(f"-{group}\n" for group in self._told - self._groups),
            *(f"+{group}\n" for group in self._groups - self._told),
        ]
        self._told = set(self._groups)
        if news:
            self._write("".join(news))

    def _write(self, lines: str) -> None:
        if self._watchdog is None or self._watchdog.stdin is None:
            return
        # A watchdog that somebody killed is missed, not fatal: leftovers are found at the next start, too.
        with contextlib.suppress(OSError):
            os.write(self._watchdog.stdin.fileno(), lines.encode())


def end_leftovers(uid: str) -> int:
    """Wait for the end of what an earlier manager of this job left running, and kill what does not end.

    Two attempts at one frame at the same time are what this prevents. Blocks; returns how many there were.
    """
    left = _of_job(uid)
    count, deadline = len(left), time.monotonic() + _PATIENCE
    while left and time.monotonic() < deadline:
        _, left = psutil.wait_procs(left, timeout=0.2)
        if time.monotonic() > deadline - _PATIENCE / 2:
            for process in left:
                with contextlib.suppress(psutil.Error, OSError):
                    os.killpg(os.getpgid(process.pid), signal.SIGKILL)
    return count


def _of_job(uid: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("RENDER_JOB_UID") == uid:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
