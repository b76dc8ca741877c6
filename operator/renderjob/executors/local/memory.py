"""Memory: what an attempt's processes use, and whether the kernel has just killed something for memory.

A limit is held by looking at what is used, several times a second: a laptop lends no cgroup to an ordinary
user. It is a fence, not a wall: an allocation of a fraction of a second may pass over it.
"""

from __future__ import annotations

from pathlib import Path

import psutil

_VMSTAT = Path("/proc/vmstat")

NOTE = "resources.limits.memory is held by measuring several times a second, not by the kernel"


def group_memory(leader: int) -> int:
    """Bytes that a process and its descendants use now; shared pages count once for each of their users."""
    try:
        process = psutil.Process(leader)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(_proportional(member) for member in family)


def _proportional(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(info, "pss", 0) or info.rss)


def kernel_kills() -> int:
    """How many processes the kernel has killed for memory since it started; 0 where it does not tell."""
    try:
        for line in _VMSTAT.read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
