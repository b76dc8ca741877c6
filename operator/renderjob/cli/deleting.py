"""Deleting a job, whether something works on it or not."""

from __future__ import annotations

from collections.abc import Callable

from .backend import Backend, with_backend
from .exit_codes import ExitCode
from .where import Where


def delete_job(reference: str, where: Where, confirmed: Callable[[str], bool], timeout: float) -> ExitCode:
    """Remove a job; whatever runs it stops what it runs first.

    Raises:
        CliError: there is no such job, or what runs of it does not end in time.
    """

    async def work(backend: Backend) -> ExitCode:
        job = await backend.find(reference)
        if not confirmed(job.key):
            print(f"{job.key} is left as it is")
            return ExitCode.CANCELLED
        print(f"{job.key} {await backend.delete(job, timeout)}")
        return ExitCode.OK

    return with_backend(where, work)
