"""The local executor: attempts as processes of this machine, with no cluster at all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .executor import LocalExecutor
    from .mounts import Mounts, directory_of, output_directory
    from .store import Store

__all__ = ["LocalExecutor", "Mounts", "Store", "directory_of", "output_directory"]

_HOMES = {
    "LocalExecutor": ".executor",
    "Mounts": ".mounts",
    "Store": ".store",
    "directory_of": ".mounts",
    "output_directory": ".mounts",
}


def __getattr__(name: str) -> object:
    # A command that only reads the store should not wait for the codecs that the executor brings.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
