"""The local store as a Backend."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from renderjob.api import RenderJob
from renderjob.cli.errors import CliError
from renderjob.cli.live.attempts import Node
from renderjob.cli.logs.choice import Log
from renderjob.cli.logs.stored import StoredLog
from renderjob.cli.places import LocalPlace, Place
from renderjob.cli.where import Where
from renderjob.core.inflight import parse
from renderjob.executors.local import Store, log_files
from renderjob.manager import DamagedStatusError, JobManager, JobRepository
from renderjob.repositories import InMemoryJobRepository, SQLiteJobRepository

from .backend import NoExecutor, pick
from .ownership import owner, running

if TYPE_CHECKING:
    from renderjob.cli.live.attempts import Attempts
    from renderjob.cli.preview.request import PreviewRequest

_LOG = logging.getLogger(__name__)

_POLL = 0.2
"""Seconds between looks for what other processes wrote."""


class LocalBackend:
    """Jobs of a store on this machine."""

    def __init__(self, where: Where, repository: JobRepository) -> None:
        self.store: Store = where.store
        self.place: Place = LocalPlace(where)
        self.repository = repository
        self.manager = JobManager(repository, NoExecutor())
        self._namespace = where.namespace

    async def list(self) -> list[RenderJob]:
        """All jobs, the oldest first."""
        jobs = await self.repository.list()
        return [job for job in jobs if self._namespace in (None, job.metadata.namespace)]

    async def find(self, reference: str) -> RenderJob:
        """The job that a reference means."""
        return pick(await self.repository.list(), reference, self._namespace, self.place)

    async def watch(self, job: RenderJob | None = None) -> AsyncGenerator[Sequence[RenderJob]]:
        """What there is, at once and whenever another process may have written."""
        while True:
            seen = await self.repository.version()
            if job is None:
                yield await self.list()
            else:
                found = await self._get(job)
                yield [found] if found is not None else []
            waited = 0.0
            # A run that is killed writes nothing, so there is a look now and then without a write, too.
            while waited < 1 and await self.repository.version() == seen:
                await asyncio.sleep(_POLL)
                waited += _POLL

    async def _get(self, job: RenderJob) -> RenderJob | None:
        """The job as it is stored now, or what of it can be read; None when it is gone."""
        try:
            return await self.repository.get(job.metadata.uid)
        except DamagedStatusError as error:
            return error.job

    def attended(self, job: RenderJob) -> bool:
        """Whether a process runs the job."""
        return owner(self.store, job.metadata.uid) is not None

    async def settle(self, job: RenderJob) -> RenderJob:
        """Nobody runs it: take a look ourselves, so that the status says what is so."""
        from renderjob.cli.live.detachable import QuietReporter

        from .session import JobRun, Session

        with running(self.store, job.metadata.uid, job.metadata.name):
            fresh = await self._get(job)
            run = JobRun(fresh or job, QuietReporter())
            summaries = await Session(self.store, self.repository, [run], place=self.place).run()
        return summaries[0].job

    async def delete(self, job: RenderJob, timeout: float) -> str:  # noqa: ASYNC109
        """Remove a job; a process that runs it stops what it runs first."""
        if not self.attended(job):
            await self.forget(job)
        else:
            await self.manager.delete(job.metadata.uid)
            deadline = time.monotonic() + timeout
            while self.attended(job):
                if time.monotonic() > deadline:
                    raise CliError(f"{job.key} is deleted, but what runs of it is still stopping")
                await asyncio.sleep(_POLL)
        return "is deleted; what is rendered is kept"

    async def forget(self, job: RenderJob) -> None:
        """Remove what the store remembers of a job that no process runs; what is rendered stays.

        Raises:
            CliError: a process runs it.
        """
        with running(self.store, job.metadata.uid, job.metadata.name):
            await self.clear(job)
        await asyncio.to_thread(shutil.rmtree, self.store.job(job.metadata.uid), ignore_errors=True)

    async def clear(self, job: RenderJob) -> None:
        """Remove a job whose lock this process holds from the store; what is rendered stays."""
        if job.status.in_flight:
            await asyncio.to_thread(_take_up, job, self.store)
        await self.repository.delete(job.metadata.uid)

    def document(self, job: RenderJob) -> dict[str, Any]:
        """The whole job, with what is set by default."""
        return job.to_wire()

    async def logs(self, job: RenderJob) -> Sequence[Log]:
        """The log files of its attempts."""
        files = log_files(self.store.logs(job.metadata.uid))
        return [StoredLog(file, partial(self.runs, job, file.id)) for file in files]

    @asynccontextmanager
    async def attempts(self, job: RenderJob) -> AsyncIterator[Attempts]:
        """What the log files of running attempts say."""
        from renderjob.cli.live.stored import StoredAttempts

        yield StoredAttempts(self.store.logs(job.metadata.uid))

    async def show(self, job: RenderJob, request: PreviewRequest) -> str:
        """The frames are at hand."""
        from renderjob.cli.preview.request import preview_here

        return preview_here(job, request)

    async def nodes(self) -> Sequence[Node]:
        """There is one machine."""
        return ()

    async def runs(self, job: RenderJob, id_: int) -> bool:
        """Whether an attempt of a job is under way."""
        now = await self._get(job)
        if now is None or not self.attended(now):
            return False
        return any(parse(entry).id == id_ for entry in now.status.in_flight)


def _take_up(job: RenderJob, store: Store) -> None:
    """End what runs of a job whose manager is gone, and move up what it had rendered; blocks."""
    from renderjob.executors.local import end_leftovers, take_up

    end_leftovers(job.metadata.uid)
    try:
        take_up(job, store, datetime.now(UTC))
    except OSError as error:
        # Where the output can't be looked at any more, the job is to be forgotten all the same.
        _LOG.warning("job %s: what its attempts left is lost: %s", job.key, error)


@asynccontextmanager
async def local_backend(where: Where, *, create: bool = False) -> AsyncIterator[LocalBackend]:
    """Open a store; one that is not there reads as empty, and is made only with `create`."""
    database = where.store.database
    if not create and not database.exists():
        yield LocalBackend(where, InMemoryJobRepository())
        return
    async with SQLiteJobRepository(database) as repository:
        yield LocalBackend(where, repository)
