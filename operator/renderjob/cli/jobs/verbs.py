"""Verbs on a job, from another terminal: edit or delete it, and wait until it has settled.

Whatever works on the job takes the edit up: the operator, or the process that runs it here. While no process runs
a local job, stopping is settled here and now; going on needs somebody who runs it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from renderjob.api import RenderJob, State
from renderjob.cli.backends import with_backend
from renderjob.cli.backends.backend import Backend
from renderjob.cli.errors import CliError, ExitCode
from renderjob.cli.text import count, say
from renderjob.cli.where import Where
from renderjob.manager import JobManager
from renderjob.words.numbers import rendered


@dataclass(frozen=True)
class Verb:
    """What a verb does, in code and in words."""

    name: str
    edit: Callable[[JobManager, str], Awaitable[RenderJob]]
    needless: Callable[[RenderJob], str]
    """Why there is nothing to do for a job; empty when there is."""
    done: frozenset[State]
    """It is settled in these states, or in a terminal one."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for it."""

    wait: bool = True
    timeout: float = 60.0
    """Seconds."""


def stop(verb: Verb, reference: str, where: Where, patience: Patience) -> ExitCode:
    """A verb that stops a job; settled here when nothing works on it."""

    async def work(backend: Backend) -> ExitCode:
        job = await backend.find(reference)
        if needless := verb.needless(job):
            return _say(job, needless)
        await verb.edit(backend.manager, job.metadata.uid)
        if backend.attended(job):
            return await _wait(backend, verb, job, patience)
        return _report(await backend.settle(job), verb)

    return with_backend(where, work)


def go_on(verb: Verb, reference: str, where: Where, patience: Patience, *, run: bool) -> ExitCode:
    """A verb that lets a job go on; by what works on it, or with `run` here."""
    if run and where.cluster:
        raise CliError("--run is for this machine: in a cluster the operator goes on", ExitCode.USAGE)

    async def work(backend: Backend) -> ExitCode | None:
        job = await backend.find(reference)
        if needless := verb.needless(job):
            return _say(job, needless)
        await verb.edit(backend.manager, job.metadata.uid)
        if backend.attended(job):
            return await _wait(backend, verb, job, patience)
        if run:
            return None
        command = backend.place.command("run", backend.place.reference(job))
        return _say(job, f"may go on, and no process runs it; go on with: {command}")

    code = with_backend(where, work)
    if code is not None:
        return code
    from renderjob.cli.run.job import RunOptions, run_stored

    return run_stored(reference, RunOptions(where))


async def _wait(backend: Backend, verb: Verb, job: RenderJob, patience: Patience) -> ExitCode:
    """Until what works on it has done it."""
    if not patience.wait:
        return _say(job, f"was asked to {verb.name}")
    now = job
    try:
        async with asyncio.timeout(patience.timeout), aclosing(backend.watch(job)) as changes:
            async for jobs in changes:
                if not jobs:
                    return _say(job, "was deleted meanwhile")
                now = jobs[0]
                if now.is_observed and (now.status.state in verb.done or now.status.state.terminal):
                    return _report(now, verb)
                if not backend.attended(now):
                    # The process that ran it has just ended.
                    return _report(await backend.settle(now), verb)
    except TimeoutError:
        raise CliError(_late(backend, verb, now, patience.timeout)) from None
    raise AssertionError("a watch does not end by itself")


def _late(backend: Backend, verb: Verb, job: RenderJob, seconds: float) -> str:
    place, status = backend.place, job.status
    look = place.command("get", place.reference(job), job=job)
    if place.cluster and not job.is_observed:
        return (
            f"{job.key} was asked to {verb.name}, and no operator has taken that up in {seconds:g}s: "
            f"does one run? Look with: {look}"
        )
    return (
        f"{job.key} is still {status.state.value} after {seconds:g}s ({count(status.active, 'active chunk')}); "
        f"it was asked to {verb.name} and will; look with: {look}"
    )


def _report(job: RenderJob, verb: Verb) -> ExitCode:
    status = job.status
    done = f"{rendered(status.completed_frames, status.total_frames)} and kept"
    _say(job, f"is {status.state.value}: {done}")
    return ExitCode.OK if status.state in verb.done else ExitCode.CONFLICT


def _say(job: RenderJob, words: str) -> ExitCode:
    say(f"{job.key} {words}")
    return ExitCode.OK


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
