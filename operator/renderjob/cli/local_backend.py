"""The local store as a Backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from renderjob.api import RenderJob
from renderjob.core import Action, Observed
from renderjob.executors.local.store import Store
from renderjob.manager import ExecutorError, JobManager, JobRepository, Listener
from renderjob.repositories import InMemoryJobRepository, SQLiteJobRepository

from .ownership import owner
from .references import pick

_POLL = 0.2
"""Seconds between looks for what other processes wrote."""

Result = TypeVar("Result")


class NoExecutor:
    """For a manager that only edits jobs; another process, or nobody, runs them."""

    async def observe(self, job: RenderJob) -> Observed:
        """Not from here."""
        raise ExecutorError(f"{job.key} is not run by this process")

    async def perform(self, job: RenderJob, action: Action) -> None:
        """Not from here."""
        raise ExecutorError(f"{job.key} is not run by this process: {action}")

    async def abandon(self, uid: str) -> None:
        """There is nothing of ours to end."""

    def subscribe(self, listener: Listener) -> None:
        """Nothing changes by us."""


class LocalBackend:
    """Jobs of a store on this machine."""

    def __init__(self, store: Store, repository: JobRepository) -> None:
        self.store = store
        self.repository = repository
        self.manager = JobManager(repository, NoExecutor())

    async def list(self) -> list[RenderJob]:
        """All jobs, the oldest first."""
        return await self.repository.list()

    async def find(self, reference: str, namespace: str | None = None) -> RenderJob:
        """The job that a reference means."""
        return pick(await self.list(), reference, namespace)

    def attended(self, job: RenderJob) -> bool:
        """Whether a process runs the job."""
        return owner(self.store, job.metadata.uid) is not None

    async def changes(self) -> AsyncIterator[None]:
        """Yields at once, and whenever another process may have written."""
        while True:
            yield
            seen, waited = await self.repository.version(), 0.0
            # A run that is killed writes nothing, so there is a look now and then without a write, too.
            while waited < 1 and await self.repository.version() == seen:
                await asyncio.sleep(_POLL)
                waited += _POLL


@asynccontextmanager
async def local_backend(store: Store, *, create: bool = False) -> AsyncIterator[LocalBackend]:
    """Open a store; one that is not there reads as empty, and is made only with `create`."""
    if not create and not store.database.exists():
        yield LocalBackend(store, InMemoryJobRepository())
        return
    async with SQLiteJobRepository(store.database) as repository:
        yield LocalBackend(store, repository)


def with_backend(store: Store, work: Callable[[LocalBackend], Awaitable[Result]]) -> Result:
    """Run `work` on a store's backend, from a command that is not asynchronous itself."""

    async def opened() -> Result:
        async with local_backend(store) as backend:
            return await work(backend)

    return asyncio.run(opened())
