"""Verbs on a job of the store, from another terminal: edit it, and wait until it has settled.

While a process runs the job, that process takes the edit up. While none does, stopping is settled here and
now; going on needs somebody who runs it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from renderjob.api import RenderJob, State
from renderjob.executors.local.store import Store
from renderjob.manager import JobManager

from .errors import CliError
from .exit_codes import ExitCode
from .live.quiet import QuietReporter
from .local_backend import LocalBackend, local_backend
from .ownership import running
from .run_job import RunOptions, run_stored
from .session import Session

_POLL = 0.1


@dataclass(frozen=True)
class Verb:
    """What a verb does, in code and in words."""

    name: str
    edit: Callable[[JobManager, str], Awaitable[RenderJob]]
    needless: Callable[[RenderJob], str]
    """Why there is nothing to do for a job; empty when there is."""
    done: frozenset[State]
    """It is settled in these states, or in a terminal one."""


def stop(
    verb: Verb, reference: str, namespace: str | None, store: Store, *, wait: bool, timeout: float
) -> ExitCode:
    """A verb that stops a job; settled here when no process runs it."""

    async def work() -> ExitCode:
        async with local_backend(store) as backend:
            job = await backend.find(reference, namespace)
            needless = verb.needless(job)
            if needless:
                return _say(job, needless)
            await verb.edit(backend.manager, job.metadata.uid)
            if backend.attended(job):
                return await _wait(backend, verb, job, timeout) if wait else _asked(job, verb)
            return await _settle(backend, verb, job)

    return asyncio.run(work())


def go_on(
    verb: Verb,
    reference: str,
    namespace: str | None,
    store: Store,
    *,
    run: bool,
    wait: bool,
    timeout: float,
) -> ExitCode:
    """A verb that lets a job go on; by the process that runs it, or here with `run`."""

    async def work() -> ExitCode | None:
        async with local_backend(store) as backend:
            job = await backend.find(reference, namespace)
            needless = verb.needless(job)
            if needless:
                return _say(job, needless)
            await verb.edit(backend.manager, job.metadata.uid)
            if backend.attended(job):
                return await _wait(backend, verb, job, timeout) if wait else _asked(job, verb)
            if run:
                return None
            return _say(
                job, f"may go on, and no process runs it; go on with: renderjob run {job.metadata.name}"
            )

    code = asyncio.run(work())
    return run_stored(reference, namespace, RunOptions(store)) if code is None else code


async def _settle(backend: LocalBackend, verb: Verb, job: RenderJob) -> ExitCode:
    """Nobody runs it: take a look ourselves, so that the status says what is so."""
    name = job.metadata.name
    with running(backend.store, job.metadata.uid, name):
        fresh = await backend.repository.get(job.metadata.uid)
        session = Session(
            backend.store, backend.repository, fresh or job, QuietReporter(), again=f"renderjob run {name}"
        )
        summary = await session.run([])
    return _report(summary.job, verb)


async def _wait(backend: LocalBackend, verb: Verb, job: RenderJob, timeout: float) -> ExitCode:  # noqa: ASYNC109
    """Until the process that runs it has done it."""
    deadline = time.monotonic() + timeout
    while True:
        now = await backend.repository.get(job.metadata.uid)
        if now is None:
            return _say(job, "was deleted meanwhile")
        seen = now.status.observed_generation == now.metadata.generation
        state = now.status.state
        if seen and (state in verb.done or state.terminal):
            return _report(now, verb)
        if time.monotonic() > deadline:
            raise CliError(
                f"{job.key} is still {state.value} after {timeout:g}s ({now.status.active} chunks run); "
                f"it was asked to {verb.name} and will; look with: renderjob get {job.metadata.name}"
            )
        if not backend.attended(now):
            # The process that ran it has just ended.
            return await _settle(backend, verb, now)
        await asyncio.sleep(_POLL)


def _report(job: RenderJob, verb: Verb) -> ExitCode:
    status = job.status
    done = f"{status.completed_frames} of {status.total_frames} frames are rendered and kept"
    _say(job, f"is {status.state.value}: {done}")
    return ExitCode.OK if status.state in verb.done else ExitCode.CONFLICT


def _asked(job: RenderJob, verb: Verb) -> ExitCode:
    return _say(job, f"was asked to {verb.name}")


def _say(job: RenderJob, words: str) -> ExitCode:
    print(f"{job.key} {words}", file=sys.stdout)
    return ExitCode.OK
