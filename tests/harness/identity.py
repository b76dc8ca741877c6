"""Which process a pid means: pids are used again, and the clock of a machine may be set while a process runs."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil


@dataclass(frozen=True)
class Identity:
    """A process for ever, as text `PID BORN`."""

    pid: int
    born: str
    """Linux counts it from the boot, which no clock moves."""

    @classmethod
    def of(cls, pid: int) -> Self:
        """The process that has this pid now.

        Raises:
            psutil.NoSuchProcess: none has.
        """
        return cls(pid, _born(pid))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote.

        Raises:
            ValueError: it is no identity.
        """
        pid, born = text.split()
        return cls(int(pid), born)

    def __str__(self) -> str:
        return f"{self.pid} {self.born}"

    def find(self) -> psutil.Process | None:
        """The process, while it runs."""
        with contextlib.suppress(OSError):  # reaped here if it is our child; else by its parent, or by init
            os.waitpid(self.pid, os.WNOHANG)
        try:
            process = psutil.Process(self.pid)
            return process if _born(self.pid) == self.born and not _dead(process) else None
        except psutil.Error:
            return None


def _born(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return f"{psutil.Process(pid).create_time():.0f}"
    # The second field, a name in brackets, may hold spaces; the start is the 22nd.
    return stat.rpartition(")")[2].split()[19]


def _dead(process: psutil.Process) -> bool:
    """Whether a process is over, though nobody has asked for its exit code.

    While its other threads are still going, its ports are still taken.
    """
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
