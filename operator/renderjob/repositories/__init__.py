"""Where jobs are kept: in memory, in a SQLite file, or as resources of a cluster."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .custom_resource import CustomResourceRepository
    from .memory import InMemoryJobRepository
    from .sqlite import SQLiteJobRepository

__all__ = ["CustomResourceRepository", "InMemoryJobRepository", "SQLiteJobRepository"]

_HOMES = {
    "CustomResourceRepository": ".custom_resource",
    "InMemoryJobRepository": ".memory",
    "SQLiteJobRepository": ".sqlite",
}


def __getattr__(name: str) -> object:
    # Who reads the local store should not wait for the client of a cluster.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
