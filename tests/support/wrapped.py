"""Repositories that misbehave: they pass everything on to a good one, but for what a test makes them do."""

from __future__ import annotations

from collections.abc import Callable

from renderjob.api import RenderJob
from renderjob.manager import JobRepository, RepositoryError


class Wrapped:
    """Passes everything on."""

    def __init__(self, inner: JobRepository) -> None:
        self.inner = inner

    async def create(self, job: RenderJob) -> RenderJob:
        return await self.inner.create(job)

    async def save(self, job: RenderJob) -> RenderJob:
        return await self.inner.save(job)

    async def save_status(self, job: RenderJob) -> RenderJob:
        return await self.inner.save_status(job)

    async def get(self, uid: str) -> RenderJob | None:
        return await self.inner.get(uid)

    async def confirm(self, job: RenderJob) -> None:
        await self.inner.confirm(job)

    async def find(self, namespace: str, name: str) -> RenderJob | None:
        return await self.inner.find(namespace, name)

    async def named(self, namespace: str, name: str) -> RenderJob | None:
        return await self.inner.named(namespace, name)

    async def list(self) -> list[RenderJob]:
        return await self.inner.list()

    async def delete(self, uid: str) -> bool:
        return await self.inner.delete(uid)

    async def version(self) -> int:
        return await self.inner.version()


class Failing(Wrapped):
    """Status writes fail when `fails` says so of their number, from 1; before or after they were done."""

    def __init__(self, inner: JobRepository, fails: Callable[[int], bool], *, done: bool = False) -> None:
        super().__init__(inner)
        self.fails, self.done, self.calls = fails, done, 0

    async def save_status(self, job: RenderJob) -> RenderJob:
        self.calls += 1
        if not self.fails(self.calls):
            return await self.inner.save_status(job)
        if self.done:
            await self.inner.save_status(job)
        raise RepositoryError("the disk is away")


class Unreadable(Wrapped):
    """Reads fail while `away`."""

    away = False

    async def get(self, uid: str) -> RenderJob | None:
        self._check()
        return await self.inner.get(uid)

    async def list(self) -> list[RenderJob]:
        self._check()
        return await self.inner.list()

    async def version(self) -> int:
        self._check()
        return await self.inner.version()

    def _check(self) -> None:
        if self.away:
            raise RepositoryError("the disk is away")


class Interfering(Wrapped):
    """Somebody else labels the job just before each status write that `when` names, from 1."""

    def __init__(
        self, inner: JobRepository, when: Callable[[int], bool] = lambda number: number == 1
    ) -> None:
        super().__init__(inner)
        self.when, self.calls = when, 0

    async def save_status(self, job: RenderJob) -> RenderJob:
        self.calls += 1
        if self.when(self.calls):
            current = await self.inner.get(job.metadata.uid)
            assert current is not None
            labels = {"seen": str(self.calls)}
            metadata = current.metadata.model_copy(update={"labels": labels})
            await self.inner.save(current.model_copy(update={"metadata": metadata}))
        return await self.inner.save_status(job)
