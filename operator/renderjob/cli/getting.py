"""`get` and `list`: jobs printed once, or again whenever they change."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from renderjob.api import RenderJob
from renderjob.executors.local.store import Store

from .backend import Backend
from .exit_codes import ExitCode, of_state
from .local_backend import local_backend
from .options import Output
from .tables import table


@dataclass(frozen=True)
class Query:
    """Which jobs are asked for, and how they are shown."""

    store: Store
    reference: str | None = None
    namespace: str | None = None
    states: Sequence[str] = field(default_factory=tuple)
    output: Output | None = None
    namespaces: bool = False
    watch: bool = False


def show(query: Query) -> ExitCode:
    """Print the jobs.

    Raises:
        CliError: the one that is named is not there.
    """
    return asyncio.run(_show(query))


async def _show(query: Query) -> ExitCode:
    async with local_backend(query.store) as backend:
        if query.watch:
            return await _watch(backend, query)
        jobs = await _jobs(backend, query)
        if not jobs and query.output in (None, Output.TABLE, Output.WIDE):
            print("no jobs here; start one with: renderjob run FILE", file=sys.stderr)
            return ExitCode.OK
        print(_text(backend, query, jobs))
        return ExitCode.OK


async def _jobs(backend: Backend, query: Query) -> list[RenderJob]:
    if query.reference is not None:
        return [await backend.find(query.reference, query.namespace)]
    return [
        job
        for job in await backend.list()
        if query.namespace in (None, job.metadata.namespace)
        and (not query.states or job.status.state.value in query.states)
    ]


def _text(backend: Backend, query: Query, jobs: Sequence[RenderJob]) -> str:
    match query.output:
        case Output.JSON | Output.YAML:
            return _data(query, jobs)
        case Output.NAME:
            return "\n".join(f"renderjob.renderjob.dev/{job.metadata.name}" for job in jobs)
        case None if query.reference is not None and sys.stdout.isatty():
            from .describe import describe

            return describe(jobs[0], attended=backend.attended(jobs[0]))
    several = len({job.metadata.namespace for job in jobs}) > 1
    return table(
        jobs,
        backend.attended,
        namespaces=query.namespaces or several,
        wide=query.output is Output.WIDE,
    )


def _data(query: Query, jobs: Sequence[RenderJob]) -> str:
    items = [job.to_wire() for job in jobs]
    data = items[0] if query.reference is not None else {"apiVersion": "v1", "kind": "List", "items": items}
    if query.output is Output.JSON:
        return json.dumps(data, indent=2, ensure_ascii=False)
    from renderjob.manifest import dump_manifest

    return dump_manifest(data).rstrip()


async def _watch(backend: Backend, query: Query) -> ExitCode:
    """Until all of them are at their end."""
    live = sys.stdout.isatty() and query.output in (None, Output.TABLE, Output.WIDE)
    if live:
        from .watching import LiveText

        with LiveText() as view:
            return await _follow(backend, query, view.show)
    return await _follow(backend, query, _Changes(query.output).show)


async def _follow(backend: Backend, query: Query, show: Callable[[str], None]) -> ExitCode:
    reference = query.reference
    async for _ in backend.changes():
        jobs = await _jobs(backend, query)
        show(_text(backend, query, jobs))
        if all(_settled(job) for job in jobs):
            return of_state(jobs[0].status.state.value) if reference is not None else ExitCode.OK
    return ExitCode.OK


def _settled(job: RenderJob) -> bool:
    seen = job.status.observed_generation == job.metadata.generation
    return seen and job.status.state.terminal


class _Changes:
    """Prints what differs from what was printed before: new rows of a table, or the whole of a document."""

    def __init__(self, output: Output | None) -> None:
        self._rows = output in (None, Output.TABLE, Output.WIDE)
        self._seen: list[str] = []

    def show(self, text: str) -> None:
        """Print it, as far as it is new."""
        lines = text.splitlines() if self._rows else [text]
        # Times go on by themselves: only what else differs is news.
        for line in lines:
            if _without_age(line) not in map(_without_age, self._seen):
                print(line, flush=True)
        self._seen = lines


def _without_age(line: str) -> str:
    return line.rsplit("   ", 1)[0]
