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

_PATIENCE = 15.0
"""Seconds that leftovers get to end, their own watchdog's grace period included, before they are killed."""


class Leash:
    """Holds the pipe whose end tells the watchdog that this process is dead."""

    def __init__(self) -> None:
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._untold: list[str] = []

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
        self._untold.append(f"={uid}")
        self._tell()

    def add(self, group: int) -> None:
        """A process group was started.

        The watchdog is told when the event loop has done what it is at: one write for all that starts
        together. Should this process die before, the watchdog finds the group by its environment.
        """
        if not self._untold or self._untold[-1][0] == "-":
            asyncio.get_running_loop().call_soon(self._tell)
        self._untold.append(f"+{group}")

    def remove(self, group: int) -> None:
        """A process group has ended; told with the next that starts, since nothing hangs on it."""
        self._untold.append(f"-{group}")

    def close(self) -> None:
        """Let the watchdog go; it ends whatever was not removed."""
        if self._watchdog is not None:
            self._tell()
            if self._watchdog.stdin is not None:
                with contextlib.suppress(OSError):
                    self._watchdog.stdin.close()
            self._watchdog.wait()
            self._watchdog = None

    def _tell(self) -> None:
        lines, self._untold = "".join(f"{line}\n" for line in self._untold), []
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
