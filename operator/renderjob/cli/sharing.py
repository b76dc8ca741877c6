"""Jobs of this machine that write to the same files: a word of it before anything is rendered."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING

from renderjob.api import RenderJob
from renderjob.executors.local.mounts import output_directory
from renderjob.workload import SharedOutputs

if TYPE_CHECKING:
    from .where import Where


def shared_words(job: RenderJob, jobs: Iterable[RenderJob]) -> list[str]:
    """A sentence when others of these jobs write to the files of one; nothing otherwise."""
    shared = SharedOutputs(_place)
    for other in jobs:
        if other.key != job.key:
            shared.note(other)
    shared.note(job)
    words = shared.words(job)
    return [words] if words else []


def shared_with_stored(job: RenderJob, where: Where) -> list[str]:
    """The same for the jobs of the local store, where there is one."""
    from .opening import with_backend

    if not where.store.database.exists():
        return []
    return with_backend(where, lambda backend: _asked(job, backend.manager.list()))


async def _asked(job: RenderJob, listed: Awaitable[list[RenderJob]]) -> list[str]:
    return shared_words(job, await listed)


def _place(job: RenderJob) -> tuple[str, ...] | None:
    directory = output_directory(job)
    return ("here", str(directory.absolute())) if directory is not None else None
