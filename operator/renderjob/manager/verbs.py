"""JobVerbs: what a user asks of jobs, which are edits of their specs: submit, cancel, retry, wait and so on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from renderjob.api import RenderJob, RenderJobSpec, RerenderSpec, State

from .executor import JobExecutor
from .repository import (
    ConflictError,
    DamagedStatusError,
    InvalidJobError,
    JobRepository,
    NotFoundError,
)

ATTEMPTS = 10
"""How often a verb is tried against concurrent writes."""


class JobVerbs:
    """The verbs of a manager; whoever reconciles jobs says in `_enqueue` how it is asked to."""

    def __init__(self, repository: JobRepository, executor: JobExecutor) -> None:
        """The jobs of a repository, run by an executor."""
        self._repository = repository
        self._executor = executor
        self._ends: dict[str, asyncio.Event] = {}

    def _enqueue(self, uid: str) -> None:
        """Have a job reconciled."""
        raise NotImplementedError

    async def submit(self, job: RenderJob) -> str:
        """Take a new job. Returns its id at once; the work goes on in the background.

        Raises:
            AlreadyExistsError: its namespace and name are taken.
        """
        created = await self._repository.create(job)
        uid = created.metadata.uid
        self._enqueue(uid)
        return uid

    async def get(self, uid: str) -> RenderJob | None:
        """The job with this id, or None."""
        return await self._repository.get(uid)

    async def list(self, *states: State) -> list[RenderJob]:
        """All jobs, or those in one of these states."""
        jobs = await self._repository.list()
        return [job for job in jobs if not states or job.status.state in states]

    async def cancel(self, uid: str) -> RenderJob:
        """End a job and keep what is rendered."""
        return await self.edit(uid, lambda spec: spec.model_copy(update={"cancel": True}))

    async def suspend(self, uid: str) -> RenderJob:
        """Stop what runs, free of charge, and start nothing."""
        return await self.edit(uid, lambda spec: spec.model_copy(update={"suspend": True}))

    async def resume(self, uid: str) -> RenderJob:
        """Go on with what is missing, after a suspend or a cancel."""
        return await self.edit(uid, lambda spec: spec.model_copy(update={"suspend": False, "cancel": False}))

    async def retry(self, uid: str) -> RenderJob:
        """Run again what failed, in any state."""
        return await self.edit(
            uid,
            lambda spec: spec.model_copy(update={"retry": spec.retry + 1, "cancel": False, "suspend": False}),
        )

    async def rerender(self, uid: str, frames: str) -> RenderJob:
        """Render frames once more that are rendered, in any state; `frames` is a frame expression."""

        def asked(spec: RenderJobSpec) -> RenderJobSpec:
            request = max(spec.rerender.request if spec.rerender else 0, observed) + 1
            wanted = RerenderSpec(frames=frames, request=request)
            return spec.model_copy(update={"rerender": wanted, "cancel": False, "suspend": False})

        job = await self._repository.get(uid)
        observed = job.status.observed_rerender if job is not None else 0
        return await self.edit(uid, asked)

    async def approve(self, uid: str) -> RenderJob:
        """Let the frames after the preview be rendered; without a preview nothing changes."""

        def approved(spec: RenderJobSpec) -> RenderJobSpec:
            preview = spec.preview and spec.preview.model_copy(update={"approved": True})
            return spec.model_copy(update={"preview": preview})

        return await self.edit(uid, approved)

    async def delete(self, uid: str) -> bool:
        """Stop and remove a job; what is rendered stays. Whether it was there."""
        there = await self._repository.delete(uid)
        await self._executor.abandon(uid)
        self._enqueue(uid)
        return there

    async def edit(self, uid: str, change: Callable[[RenderJobSpec], RenderJobSpec]) -> RenderJob:
        """Change a job's spec, again if somebody else wrote meanwhile.

        Raises:
            NotFoundError: no job has this id.
        """
        for _ in range(ATTEMPTS):
            try:
                job = await self._repository.get(uid)
            except (InvalidJobError, DamagedStatusError) as error:
                # What is changed is written, and nothing else: that needs no more of it than can be read.
                job = error.job
            if job is None:
                raise NotFoundError(f"no job has the id {uid}")
            try:
                saved = await self._repository.save(job.model_copy(update={"spec": change(job.spec)}))
            except ConflictError:
                continue
            self._event(uid).clear()
            self._enqueue(uid)
            return saved
        raise ConflictError(f"job {uid} is being written all the time; try again")

    async def wait(self, uid: str) -> RenderJob | None:
        """Wait until a job is at its end; None when it is gone."""
        self._enqueue(uid)
        await self._event(uid).wait()
        return await self._repository.get(uid)

    def _event(self, uid: str) -> asyncio.Event:
        return self._ends.setdefault(uid, asyncio.Event())
