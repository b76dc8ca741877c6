"""Watchdog: a process of its own that ends what its manager started when the manager is gone, however it went.

It runs as a script with nothing but the standard library. Its standard input is a pipe whose other end only
the manager holds: `+PID` and `-PID` lines tell which process groups live, `=UID` for which job, and its end
means that the manager is dead. A parent-death signal would reach a renderer, but not the renderer's own children.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL. Short: a new manager may be waiting to go on."""


def main() -> None:
    """Follow the manager until it is gone, then end every group that is left."""
    # Ctrl-C in the terminal is the manager's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    groups: set[int] = set()
    marks: set[bytes] = set()
    for line in sys.stdin:
        kind, value = line[0], line[1:].strip()
        if kind == "=":
            marks.add(b"RENDER_JOB_UID=" + value.encode())
        elif kind == "+":
            groups.add(int(value))
        else:
            groups.discard(int(value))
    _end(groups | _marked(marks))


def _marked(marks: set[bytes]) -> set[int]:
    """Groups of processes that were started in the manager's last moment, before it could tell of them.

    A worker is known by the job's UID in its environment, which Linux shows in /proc.
    """
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if marks.intersection((entry / "environ").read_bytes().split(b"\0")):
                found.add(os.getpgid(int(entry.name)))
        except OSError:
            continue
    found.discard(os.getpgrp())
    return found


def _end(groups: set[int]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in list(groups):
            try:
                os.killpg(group, number)
            except OSError:
                groups.discard(group)
        deadline = time.monotonic() + (GRACE if number == signal.SIGTERM else 0)
        while groups and time.monotonic() < deadline:
            time.sleep(0.05)
            for group in list(groups):
                try:
                    os.killpg(group, 0)
                except OSError:
                    groups.discard(group)


if __name__ == "__main__":
    main()
