"""Jobs of a file that depend on each other (spec.dependsOn): which run together, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from renderjob.api import RenderJob, State
from renderjob.cli.backends.local import LocalBackend, local_backend
from renderjob.cli.errors import CliError, ExitCode
from renderjob.cli.text import count
from renderjob.cli.where import Where

_Key = tuple[str, str]
"""Namespace and name."""


def in_groups(jobs: Sequence[RenderJob]) -> list[list[RenderJob]]:
    """The jobs of a file in groups that depend on each other, in the order of the file.

    Returns:
        Groups without a dependency between them; in a group, each job stands behind those that it depends on.

    Raises:
        CliError: some of them depend on each other in a circle.
    """
    by_key = {_key(job): job for job in jobs}
    sorter: TopologicalSorter[_Key] = TopologicalSorter()
    for job in jobs:
        sorter.add(_key(job), *(key for key in _wanted(job) if key in by_key))
    try:
        ordered = list(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(name for _, name in reversed(error.args[1]))
        raise CliError(
            f"spec.dependsOn: these jobs wait for each other: {circle}", ExitCode.INVALID
        ) from None
    group_of: dict[_Key, list[_Key]] = {}
    for job in jobs:
        key = _key(job)
        group_of.setdefault(key, [key])
        for other in _wanted(job):
            if other in by_key and group_of.setdefault(other, [other]) is not group_of[key]:
                joined = [*group_of[other], *group_of[key]]
                group_of.update(dict.fromkeys(joined, joined))
    groups = {id(group_of[_key(job)]): group_of[_key(job)] for job in jobs}.values()
    return [[by_key[key] for key in ordered if key in group] for group in groups]


async def refuse_unknown(jobs: Sequence[RenderJob], where: Where) -> None:
    """Before anything starts: jobs that are depended on are in the file, or in the store.

    Raises:
        CliError: some are neither, with a line for each.
    """
    if not any(job.spec.depends_on for job in jobs):
        return
    async with local_backend(where) as backend:
        stored = [_key(job) for job in await backend.repository.list()]
    lines = list(_unknown(jobs, {*map(_key, jobs), *stored}))
    if lines:
        raise CliError("\n".join(lines), ExitCode.INVALID)


def _unknown(jobs: Sequence[RenderJob], known: set[_Key]) -> Iterator[str]:
    for job in jobs:
        for number, (namespace, name) in enumerate(_wanted(job)):
            if (namespace, name) in known:
                continue
            near = get_close_matches(name, [other for space, other in known if space == namespace], n=1)
            hint = f"did you mean {near[0]}?" if near else "add its manifest to the file, or run it first"
            yield (
                f"{job.metadata.name}: spec.dependsOn[{number}].name: there is no job {name}, neither in this file "
                f"nor among those that were run here; {hint}"
            )


async def awaited_words(job: RenderJob, backend: LocalBackend) -> list[str]:
    """What a user should know of jobs that this one depends on: none gets on that no process runs."""
    words = []
    for namespace, name in _wanted(job):
        other = await backend.repository.find(namespace, name)
        if other is None or other.status.state is State.COMPLETED or backend.attended(other):
            continue
        words.append(
            f"it waits for frames of {name}, which is {other.status.state.value} and which no process runs; "
            f"run it in another terminal with: {backend.place.go_on(other)}"
        )
    return words


def together_words(jobs: Sequence[RenderJob]) -> str:
    """How jobs that depend on each other share this machine."""
    slots = max(job.spec.parallelism for job in jobs)
    names = ", ".join(job.metadata.name for job in jobs)
    return (
        f"{names} run together, {count(slots, 'chunk')} at a time in all (the largest spec.parallelism of them); "
        "--parallelism sets another number"
    )


def _key(job: RenderJob) -> _Key:
    return job.metadata.namespace, job.metadata.name


def _wanted(job: RenderJob) -> list[_Key]:
    return [(job.metadata.namespace, other.name) for other in job.spec.depends_on]
