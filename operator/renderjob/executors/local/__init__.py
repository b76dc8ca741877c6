"""The local executor: attempts as processes of this machine. Others take what is here, and import no module of it.

A command that only reads the store should not wait for the codecs that the executor brings: each name is imported when
it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attempt import LocalAttempt
    from .environment import find_program
    from .executor import LocalExecutor
    from .leash import end_leftovers
    from .logs import LogFile, log_files
    from .lost import take_up
    from .memory import NOTE
    from .mounts import Mounts, directory_of, output_directory
    from .store import Store
    from .supplies import Given, Mounted, Resolved, env_sources, mounted, scratch_volumes

_HOMES = {
    "attempt": ("LocalAttempt",),
    "environment": ("find_program",),
    "executor": ("LocalExecutor",),
    "leash": ("end_leftovers",),
    "logs": ("LogFile", "log_files"),
    "lost": ("take_up",),
    "memory": ("NOTE",),
    "mounts": ("Mounts", "directory_of", "output_directory"),
    "store": ("Store",),
    "supplies": ("Given", "Mounted", "Resolved", "env_sources", "mounted", "scratch_volumes"),
}

__all__ = [
    "NOTE",
    "Given",
    "LocalAttempt",
    "LocalExecutor",
    "LogFile",
    "Mounted",
    "Mounts",
    "Resolved",
    "Store",
    "directory_of",
    "end_leftovers",
    "env_sources",
    "find_program",
    "log_files",
    "mounted",
    "output_directory",
    "scratch_volumes",
    "take_up",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{home}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
