"""Verbs on a job, from another terminal: edit it, and wait until it has settled.

Whatever works on the job takes the edit up: the operator, or the process that runs it here. While no process runs
a local job, stopping is settled here and now; going on needs somebody who runs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from renderjob.api import RenderJob, State
from renderjob.cli.text import count
from renderjob.manager import JobManager
from renderjob.words.numbers import rendered

from .backend import Backend
from .errors import CliError
from .exit_codes import ExitCode
from .opening import with_backend
from .text import say
from .where import Where


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
    from .run_job import RunOptions, run_stored

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
