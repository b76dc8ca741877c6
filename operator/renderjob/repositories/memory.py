"""Jobs in memory: for tests, and for programs that need no record."""

from __future__ import annotations

from renderjob.api import RenderJob
from renderjob.manager import AlreadyExistsError, ConflictError, NotFoundError

from .identity import created, edited, observed_by


class InMemoryJobRepository:
    """Keeps jobs in a dictionary. Models are immutable, so what is given out can't be changed behind our back."""

    def __init__(self) -> None:
        self._jobs: dict[str, RenderJob] = {}
        self._version = 0

    async def create(self, job: RenderJob) -> RenderJob:
        """Save a new job."""
        if await self.find(job.metadata.namespace, job.metadata.name) is not None:
            raise AlreadyExistsError(f"{job.key} exists already")
        return self._keep(created(job, self._next()))

    async def save(self, job: RenderJob) -> RenderJob:
        """Save metadata and spec."""
        stored = self._stored(job)
        return self._keep(edited(stored, job, self._next()))

    async def save_status(self, job: RenderJob) -> RenderJob:
        """Save the status."""
        stored = self._stored(job)
        return self._keep(observed_by(stored, job, self._next()))

    async def get(self, uid: str) -> RenderJob | None:
        """The job with this id, or None."""
        return self._jobs.get(uid)

    async def confirm(self, job: RenderJob) -> None:
        """Look whether this is the current version."""
        self._stored(job)

    async def find(self, namespace: str, name: str) -> RenderJob | None:
        """The job with this name, or None."""
        found = (
            j for j in self._jobs.values() if j.metadata.namespace == namespace and j.metadata.name == name
        )
        return next(found, None)

    async def named(self, namespace: str, name: str) -> RenderJob | None:
        """The same: nothing is remembered of it."""
        return await self.find(namespace, name)

    async def list(self) -> list[RenderJob]:
        """All jobs, the oldest first."""
        return list(self._jobs.values())

    async def delete(self, uid: str) -> bool:
        """Remove a job."""
        if self._jobs.pop(uid, None) is None:
            return False
        self._next()
        return True

    async def version(self) -> int:
        """Changes with every write."""
        return self._version

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _stored(self, job: RenderJob) -> RenderJob:
        stored = self._jobs.get(job.metadata.uid)
        if stored is None:
            raise NotFoundError(f"{job.key} is not there any more")
        if stored.metadata.resource_version != job.metadata.resource_version:
            raise ConflictError(
                f"{job.key} was written by somebody else since version {job.metadata.resource_version or 0}"
            )
        return stored

    def _keep(self, job: RenderJob) -> RenderJob:
        self._jobs[job.metadata.uid] = job
        return job
