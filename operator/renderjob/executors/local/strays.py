"""Strays: what an attempt started outside of its process group (a daemon, `setsid`), and that outlived it.

In a container everything ends with the first process; here a stray would go on writing frames that another
attempt renders. It is known by the environment that it was started with, which Linux shows in /proc; where there
is no /proc, only process groups are ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_PROC = Path("/proc")
_UID = "RENDER_JOB_UID"
_NAMES = ("RENDER_CHUNK", "RENDER_ATTEMPT", "RENDER_FRAMES")

Marks = tuple[str, ...]
"""What tells the environments of a job's attempts apart."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A process that has a job's mark in its environment."""

    pid: int
    group: int
    marks: Marks


def marks_of(environment: Mapping[str, str]) -> Marks:
    """The marks of an attempt that is started with this environment."""
    return tuple(environment.get(name, "") for name in _NAMES)


def processes_of(uid: str) -> list[Marked]:
    """Whatever runs for a job. Reads all of /proc: some milliseconds."""
    found = []
    for entry in os.listdir(_PROC) if _PROC.exists() else ():  # noqa: PTH208 - a Path for each costs as much again
        if entry.isdigit():
            marks = _marks(int(entry), uid)
            if marks is not None:
                with contextlib.suppress(OSError):
                    found.append(Marked(int(entry), os.getpgid(int(entry)), marks))
    return found


def descends_from(pid: int, ancestors: set[int]) -> bool:
    """Whether a process, or one that it descends from, is among these."""
    with contextlib.suppress(psutil.Error, OSError):
        return pid in ancestors or not ancestors.isdisjoint(p.pid for p in psutil.Process(pid).parents())
    return False


def kill(stray: Marked, uid: str) -> None:
    """End a stray by force; one that has ended meanwhile, and whose number is somebody else's, is left alone."""
    if _marks(stray.pid, uid) == stray.marks:
        with contextlib.suppress(OSError):
            os.kill(stray.pid, signal.SIGKILL)


def _marks(pid: int, uid: str) -> Marks | None:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - as above
            text = file.read()
    except OSError:
        return None  # another user's, or gone
    if f"{_UID}={uid}".encode() not in text:
        return None
    pairs = (each.partition("=") for each in text.decode(errors="replace").split("\0"))
    environment = {name: value for name, _, value in pairs}
    return marks_of(environment) if environment.get(_UID) == uid else None
