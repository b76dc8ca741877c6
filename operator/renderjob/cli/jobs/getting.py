"""`get` and `list`: jobs as a table, as documents, or one in words; once, or whenever they change."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from renderjob.api import RenderJob
from renderjob.cli.backends import with_backend
from renderjob.cli.backends.backend import Backend
from renderjob.cli.errors import ExitCode, of_state
from renderjob.cli.live.tables import table
from renderjob.cli.options import Output
from renderjob.cli.text import say
from renderjob.cli.where import Where
from renderjob.words.harmless import harmless


@dataclass(frozen=True)
class Query:
    """Which jobs are asked for, and how they are shown."""

    where: Where
    reference: str | None = None
    states: Sequence[str] = field(default_factory=tuple)
    output: Output | None = None
    watch: bool = False


def show(query: Query) -> ExitCode:
    """Print the jobs.

    Raises:
        CliError: the one that is named is not there.
    """

    async def work(backend: Backend) -> ExitCode:
        if query.watch:
            return await _watch(backend, query)
        if query.reference is not None:
            jobs = [await backend.find(query.reference)]
        else:
            jobs = _chosen(query, await backend.list())
        if not jobs and query.output in (None, Output.TABLE, Output.WIDE):
            place = backend.place
            say(f"no jobs {place.here}; start one with: {place.begin()}{place.elsewhere()}", file=sys.stderr)
            return ExitCode.OK
        print(_text(backend, query, jobs))
        return ExitCode.OK

    return with_backend(query.where, work)


def _chosen(query: Query, jobs: Sequence[RenderJob]) -> list[RenderJob]:
    return [job for job in jobs if not query.states or job.status.state.value in query.states]


def _text(backend: Backend, query: Query, jobs: Sequence[RenderJob]) -> str:
    match query.output:
        case Output.JSON | Output.YAML:
            return harmless(_data(backend, query, jobs))
        case Output.NAME:
            return "\n".join(f"renderjob.renderjob.dev/{job.metadata.name}" for job in jobs)
        case None if query.reference is not None and sys.stdout.isatty():
            from .describe import describe

            return harmless(describe(jobs[0], backend.place, attended=backend.attended(jobs[0])))
    several = len({job.metadata.namespace for job in jobs}) > 1
    return table(
        jobs,
        backend.attended,
        namespaces=query.where.everywhere or several,
        wide=query.output is Output.WIDE,
    )


def _data(backend: Backend, query: Query, jobs: Sequence[RenderJob]) -> str:
    items = [backend.document(job) for job in jobs]
    data = items[0] if query.reference is not None else {"apiVersion": "v1", "kind": "List", "items": items}
    if query.output is Output.JSON:
        return json.dumps(data, indent=2, ensure_ascii=False)
    from renderjob.manifest import dump_manifest

    return dump_manifest(data).rstrip()


async def _watch(backend: Backend, query: Query) -> ExitCode:
    """Until all of them are at their end."""
    live = sys.stdout.isatty() and query.output in (None, Output.TABLE, Output.WIDE)
    if live:
        from renderjob.cli.live.redrawn import LiveText

        with LiveText() as view:
            return await _follow(backend, query, view.show)
    return await _follow(backend, query, _Changes(query.output).show)


async def _follow(backend: Backend, query: Query, show: Callable[[str], None]) -> ExitCode:
    one = await backend.find(query.reference) if query.reference is not None else None
    async with aclosing(backend.watch(one)) as changes:
        async for found in changes:
            jobs = _chosen(query, found)
            if one is not None and not jobs:
                say(f"{one.key} was deleted", file=sys.stderr)
                return ExitCode.CANCELLED
            show(_text(backend, query, jobs))
            if all(map(_settled, jobs)):
                return ExitCode.OK if one is None else of_state(jobs[0].status.state.value)
    raise AssertionError("a watch does not end by itself")


def _settled(job: RenderJob) -> bool:
    return job.is_observed and job.status.state.terminal


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
