"""Watchdog: a process of its own that ends a control plane when its owner is gone, however it went.

Run as a script: `watchdog.py DIRECTORY PID BORN`. It leaves when the directory is removed, which is how a control
plane ends that is stopped in good order.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil

INTERVAL = 0.25
"""Seconds between two looks at the owner."""

NAME = "watchdog"
"""Its own pid file."""


def main(directory: Path, pid: int, born: float) -> None:
    """Wait for the end of the owner or of the directory; end what is left."""
    # Ctrl-C in the terminal is the owner's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    while directory.exists() and _lives(pid, born):
        time.sleep(INTERVAL)
    # Twice: the owner may have been starting something in its last moment.
    for _ in range(2):
        for file in directory.glob("pids/*"):
            if file.name != NAME:
                _kill(file)
        time.sleep(INTERVAL)
    shutil.rmtree(directory, ignore_errors=True)


def _lives(pid: int, born: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - born) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill(file: Path) -> None:
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        pid, born = file.read_text().split()
        if _lives(int(pid), float(born)):
            psutil.Process(int(pid)).kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
