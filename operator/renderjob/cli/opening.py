"""Opening a backend: the one that a command line means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from .backend import Backend
from .where import Where

Result = TypeVar("Result")


def open_backend(where: Where) -> AbstractAsyncContextManager[Backend]:
    """The backend that a command line means."""
    if where.cluster:
        from .cluster_backend import cluster_backend

        return cluster_backend(where)
    from .local_backend import local_backend

    return local_backend(where)


def with_backend(where: Where, work: Callable[[Backend], Awaitable[Result]]) -> Result:
    """Run `work` on a backend, from a command that is not asynchronous itself."""

    async def opened() -> Result:
        async with open_backend(where) as backend:
            return await work(backend)

    return asyncio.run(opened())
