"""Backends: where commands find jobs, and the verbs on them. A new one is a module, and a line in `open_backend`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from renderjob.cli.where import Where

from .backend import Backend

__all__ = ["Backend", "open_backend", "with_backend"]

Result = TypeVar("Result")


def open_backend(where: Where) -> AbstractAsyncContextManager[Backend]:
    """The backend that a command line means."""
    if where.cluster:
        from .cluster import cluster_backend

        return cluster_backend(where)
    from .local import local_backend

    return local_backend(where)


def with_backend(where: Where, work: Callable[[Backend], Awaitable[Result]]) -> Result:
    """Run `work` on a backend, from a command that is not asynchronous itself."""

    async def opened() -> Result:
        async with open_backend(where) as backend:
            return await work(backend)

    return asyncio.run(opened())
