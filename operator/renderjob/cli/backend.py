"""Backend: where jobs are, for the commands: the local store, or a cluster with the same verbs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .places import Place
from .where import Where

if TYPE_CHECKING:
    from renderjob.api import RenderJob
    from renderjob.manager import JobManager

    from .live.attempts import Attempts
    from .log_choice import Log
    from .previewing import Look

Result = TypeVar("Result")


@dataclass(frozen=True)
class Node:
    """A machine that renders chunks of ours."""

    name: str
    running: int
    """Chunks."""
    jobs: int
    """RenderJobs that they are of."""


class Backend(Protocol):
    """Jobs, and the verbs on them."""

    place: Place
    """What a user has to know to get on with what is here."""
    manager: JobManager
    """The verbs. It runs nothing."""

    async def list(self) -> list[RenderJob]:
        """All jobs that are meant, the oldest first."""

    async def find(self, reference: str) -> RenderJob:
        """The job that a reference means.

        Raises:
            CliError: none, or several.
        """

    def watch(self, job: RenderJob | None = None) -> AsyncGenerator[Sequence[RenderJob]]:
        """What `list` says, or only this job, at once and whenever something may have changed; without an end.

        Of a job that is gone, nothing is said: an empty list. Close it.
        """

    def attended(self, job: RenderJob) -> bool:
        """Whether something works on the job, so that an edit of it is taken up by itself."""

    async def settle(self, job: RenderJob) -> RenderJob:
        """Take up the edit of a job that nothing works on."""

    async def delete(self, job: RenderJob, timeout: float) -> str:  # noqa: ASYNC109
        """Stop and remove a job. Returns what became of it, in words; `timeout` is in seconds.

        Raises:
            CliError: what runs of it does not end in time.
        """

    def document(self, job: RenderJob) -> dict[str, Any]:
        """The job as JSON and YAML show it."""

    async def logs(self, job: RenderJob) -> Sequence[Log]:
        """The logs that there are of its attempts, the oldest attempt first."""

    def attempts(self, job: RenderJob) -> AbstractAsyncContextManager[Attempts]:
        """What running attempts of a job print, while somebody looks."""

    async def show(self, job: RenderJob, look: Look) -> str:
        """Make the files of a preview and say what is in them. Returns the frames that are not there yet.

        Raises:
            CliError: they can't be made.
        """

    async def nodes(self) -> Sequence[Node]:
        """The machines that render now; empty where there is but one."""


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
