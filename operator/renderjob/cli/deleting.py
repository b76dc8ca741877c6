"""Deleting jobs, whether something works on them or not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from renderjob.api import RenderJob

from .backend import Backend
from .errors import CliError
from .exit_codes import ExitCode
from .opening import with_backend
from .text import say
from .where import Where


def delete_jobs(
    references: Sequence[str],
    states: Sequence[str],
    where: Where,
    confirmed: Callable[[Sequence[str]], bool],
    timeout: float,
) -> ExitCode:
    """Remove jobs; whatever runs them stops what it runs first.

    Args:
        references: which jobs; none: all that are in one of `states`.
        states: only of these; none: in any.
        where: where they are.
        confirmed: asks the user, once for all jobs.
        timeout: seconds to wait for what runs of a job.

    Raises:
        CliError: there is no such job, or what runs of one does not end in time.
    """

    async def work(backend: Backend) -> ExitCode:
        jobs = await _chosen(backend, references, states)
        if not jobs:
            say(f"no job {backend.place.here} is {' or '.join(states)}", file=sys.stderr)
            return ExitCode.OK
        keys = [job.key for job in jobs]
        if not confirmed(keys):
            verb = "is left as it is" if len(keys) == 1 else "are left as they are"
            say(f"{', '.join(keys)} {verb}")
            return ExitCode.CANCELLED
        failed = ExitCode.OK
        for job in jobs:
            try:
                say(f"{job.key} {await backend.delete(job, timeout)}")
            except CliError as error:
                if len(jobs) == 1:
                    raise
                # The others are to go all the same.
                say(f"error: {error}", file=sys.stderr)
                failed = error.code
        return failed

    return with_backend(where, work)


async def _chosen(backend: Backend, references: Sequence[str], states: Sequence[str]) -> list[RenderJob]:
    named = [await backend.find(reference) for reference in references]
    jobs = named if references else await backend.list()
    unique = {job.metadata.uid: job for job in jobs}
    return [job for job in unique.values() if not states or job.status.state.value in states]
