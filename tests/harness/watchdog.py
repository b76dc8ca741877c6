"""Watchdog: a process of its own that ends a control plane when its owner is gone, however it went.

Run as `python -m harness.watchdog DIRECTORY PID BORN`. It leaves when the directory is removed, which is how a
control plane ends that is stopped in good order.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from pathlib import Path

from .identity import Identity
from .processes import Processes

INTERVAL = 0.25
"""Seconds between two looks at the owner."""

NAME = "watchdog"
"""Its own pid file."""


def main(directory: Path, owner: Identity) -> None:
    """Wait for the end of the owner or of the directory; end what is left."""
    # Ctrl-C in the terminal is the owner's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    while directory.exists() and owner.find():
        time.sleep(INTERVAL)
    # Twice: the owner may have been starting something in its last moment.
    for _ in range(2):
        processes = Processes(directory)
        processes.end(name for name in processes.names() if name != NAME)
        time.sleep(INTERVAL)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Identity(int(sys.argv[2]), sys.argv[3]))
