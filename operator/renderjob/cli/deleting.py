"""Deleting a job of the store, whether a process runs it or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from renderjob.executors.local.store import Store

from .errors import CliError
from .exit_codes import ExitCode
from .local_backend import local_backend
from .run_job import forget

_POLL = 0.1


def delete_job(
    reference: str, namespace: str | None, store: Store, confirmed: Callable[[str], bool], timeout: float
) -> ExitCode:
    """Remove a job; a process that runs it stops what it runs first.

    Raises:
        CliError: there is no such job, or its process does not end in time.
    """

    async def work() -> ExitCode:
        async with local_backend(store) as backend:
            job = await backend.find(reference, namespace)
            if not confirmed(job.key):
                print(f"{job.key} is left as it is")
                return ExitCode.CANCELLED
            if not backend.attended(job):
                await forget(store, backend.repository, job)
            else:
                await backend.manager.delete(job.metadata.uid)
                deadline = time.monotonic() + timeout
                while backend.attended(job):
                    if time.monotonic() > deadline:
                        raise CliError(f"{job.key} is deleted, but what runs of it is still stopping")
                    await asyncio.sleep(_POLL)
            print(f"{job.key} is deleted; what is rendered is kept")
            return ExitCode.OK

    return asyncio.run(work())
