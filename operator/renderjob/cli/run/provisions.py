"""What a manifest asks of a cluster and a run here lacks, or shares with another: each in a line, with a cure."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from renderjob.api import RenderJob
from renderjob.api.nodes import NodesSpec
from renderjob.api.template import PodTemplate
from renderjob.cli.errors import CliError, ExitCode
from renderjob.executors.local import (
    Given,
    Mounted,
    Mounts,
    Resolved,
    env_sources,
    mounted,
    output_directory,
    scratch_volumes,
)
from renderjob.workload import SharedOutputs, key_of, reference_of

if TYPE_CHECKING:
    from renderjob.cli.where import Where

_FROM_CLUSTER = frozenset({"secret", "configMap", "projected", "downwardAPI", "image", "csi"})
"""Volumes whose files a cluster makes; on a laptop nobody does."""


@dataclass(frozen=True)
class Lack:
    """Something that the manifest names and this machine has not."""

    what: str
    cure: str
    needed: bool
    """Whether a pod would not start without it."""

    def __str__(self) -> str:
        return f"{self.what}: {self.cure}"


def check_provisions(job: RenderJob) -> list[str]:
    """Notes on what is left out of a run here.

    Raises:
        CliError: what a pod could not start without is not provided; with a line for each.
        EnvironmentFileError: a file of variables can't be read.
    """
    lacks = list(lacking(job))
    needed = [lack for lack in lacks if lack.needed]
    if needed:
        lines = "\n".join(f"  - {lack}" for lack in needed)
        raise CliError(f"{job.metadata.name} needs what only a cluster has:\n{lines}", ExitCode.INVALID)
    return [str(lack) for lack in lacks]


def lacking(job: RenderJob) -> Iterator[Lack]:
    """What a run here lacks, for chunks and for a merge of the user's own.

    Raises:
        EnvironmentFileError: a file of variables can't be read.
    """
    given, mounts = Given.of(job), Mounts.of(job)
    resolved, seen = given.resolved(), set[str]()
    for template in _templates(job):
        for lack in (
            *_variables(job, template, given, resolved),
            *_volumes(job, template, mounts),
            *_containers(template),
        ):
            if lack.what not in seen:
                seen.add(lack.what)
                yield lack


def _templates(job: RenderJob) -> Iterator[PodTemplate]:
    yield job.spec.template
    if job.spec.merge is not None and job.spec.merge.template is not None:
        yield job.spec.merge.template


def _variables(job: RenderJob, template: PodTemplate, given: Given, resolved: Resolved) -> Iterator[Lack]:
    for variable in template.container.env:
        reference = reference_of(variable)
        if not reference or resolved.reference(job, template, variable.name, reference) is not None:
            continue
        kind = next(iter(reference))
        wanted = reference.get(kind)
        wanted = wanted if isinstance(wanted, Mapping) else {}
        words = {"secretKeyRef": "the Secret", "configMapKeyRef": "the ConfigMap"}.get(kind)
        if words is None:
            yield Lack(
                f"the variable {variable.name} ({kind})",
                f"is left out; give it with --env {variable.name}=VALUE",
                needed=False,
            )
            continue
        name, key, optional = wanted.get("name", ""), wanted.get("key", ""), wanted.get("optional") is True
        yield Lack(
            f"the variable {variable.name} is the key {key} of {words} {name}",
            f"{'it is optional and left out; ' if optional else ''}"
            f"give it with --env {variable.name}=VALUE, or --env-file {name}=FILE",
            needed=not optional,
        )
    plain_file = any(not name for name, _ in given.files)
    for source in env_sources(template.container):
        if source.name in resolved.named or plain_file:
            continue
        yield Lack(
            f"the variables of the {source.kind} {source.name} (envFrom)",
            f"{'they are optional and left out; ' if source.optional else ''}"
            f"give them with --env-file {source.name}=FILE",
            needed=not source.optional,
        )


def _volumes(job: RenderJob, template: PodTemplate, mounts: Mounts) -> Iterator[Lack]:
    made = {volume.path for volume in scratch_volumes(job, template)}
    for volume in mounted(template):
        here = Path(mounts.translate(volume.path))
        if volume.path in made or here.exists() or _holds_output(job, volume.path):
            continue
        yield _unmapped(volume)


def _unmapped(volume: Mounted) -> Lack:
    optional = volume.source.get("optional") is True
    cure = f"--mount {volume.path}=DIR says where its files lie here"
    if volume.kind in _FROM_CLUSTER and not optional:
        return Lack(f"{volume.title} at {volume.path}", cure, needed=True)
    left_out = "it is optional and left out" if optional else f"there is no {volume.path} on this machine"
    return Lack(f"{volume.title} at {volume.path}", f"{left_out}; {cure}", needed=False)


def _containers(template: PodTemplate) -> Iterator[Lack]:
    beside = [c.name for c in template.spec.containers if c is not template.container]
    first = (template.spec.model_extra or {}).get("initContainers")
    names = (
        [str(c.get("name", "")) for c in first if isinstance(c, Mapping)] if isinstance(first, list) else []
    )
    for name in names:
        yield Lack(f"the init container {name}", "is not run here; do by hand what it prepares", needed=False)
    for name in beside:
        yield Lack(f"the container {name}", "is not run here, only the one that renders is", needed=False)


def _holds_output(job: RenderJob, path: str) -> bool:
    """Whether the frames go to a container's path, or below it: that directory is made."""
    output = job.spec.output.path.rstrip("/") if job.spec.output is not None else ""
    return bool(output) and (output == path or output.startswith(f"{path.rstrip('/')}/"))


# -- mounts -------------------------------------------------------------------------------------------------------


def make_sources(job: RenderJob, table: Mapping[str, str]) -> None:
    """Make the directories here that frames are written to; what frames are made from has to be there.

    Raises:
        CliError: a directory is not there that holds no output.
    """
    for path, here in table.items():
        source = Path(here)
        if source.exists():
            continue
        if not _holds_output(job, path):
            raise CliError(
                f"--mount {path}={here}: there is no {here}; only the directory that frames are written to is made",
                ExitCode.USAGE,
            )
        source.mkdir(parents=True, exist_ok=True)


def mount_words(job: RenderJob, table: Mapping[str, str]) -> Iterator[str]:
    """A line for each mount of a path that the manifest names nowhere: it may be misspelt."""
    if not table:
        return
    volumes = sorted({volume.path for template in _templates(job) for volume in mounted(template)})
    for path, here in table.items():
        near = any(_within(path, known) or _within(known, path) for known in volumes)
        if near or _holds_output(job, path) or path in _texts(job):
            continue
        known = [*volumes, *([job.spec.output.path] if job.spec.output else [])]
        names = f"; it names {', '.join(dict.fromkeys(known))}" if known else ""
        yield f"--mount {path}={here} has no effect: the manifest names no {path}{names}"


def given_words(job: RenderJob) -> Iterator[str]:
    """A line for each `--env` and `--env-file` that gives nothing: it may be misspelt."""
    given, known = Given.of(job), _sources(job)
    for name in given.inherited:
        if name not in os.environ:
            yield f"--env {name} has no effect: no variable {name} is set here; write --env {name}=VALUE"
    for name, path in given.files:
        if name and name not in known:
            names = f"; they are taken from {', '.join(sorted(known))}" if known else ""
            yield (
                f"--env-file {name}={path} has no effect: no variable of the manifest is taken from a Secret or "
                f"ConfigMap {name}{names}"
            )


def _sources(job: RenderJob) -> set[str]:
    """Secrets and ConfigMaps whose values become variables."""
    found = set[str]()
    for template in _templates(job):
        found |= {source.name for source in env_sources(template.container)}
        references = map(reference_of, template.container.env)
        found |= {str(key.get("name", "")) for key in map(key_of, references) if key is not None}
    return found


def _within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _texts(job: RenderJob) -> str:
    """All of the manifest that paths may stand in."""
    return job.spec.model_dump_json(by_alias=True, exclude_unset=True)


def notes(job: RenderJob) -> list[str]:
    """One sentence for each."""
    container = job.spec.template.container
    said = []
    if container.image:
        said.append(f"image {container.image} is not used: programs of this machine run instead")
    if "memory" in container.resources.limits:
        from renderjob.executors.local import NOTE

        said.append(NOTE)
    devices = [name for name in container.resources.limits if "/" in name]
    if devices:
        said.append(
            f"the limits of {', '.join(devices)} are not held here: each chunk sees all that there is"
        )
    if job.spec.nodes != NodesSpec():
        said.append("spec.nodes has no effect here: there is one machine")
    return [*said, *map(str, lacking(job))]


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
    from renderjob.cli.backends import with_backend

    if not where.store.database.exists():
        return []
    return with_backend(where, lambda backend: _asked(job, backend.manager.list()))


async def _asked(job: RenderJob, listed: Awaitable[list[RenderJob]]) -> list[str]:
    return shared_words(job, await listed)


def _place(job: RenderJob) -> tuple[str, ...] | None:
    directory = output_directory(job)
    return ("here", str(directory.absolute())) if directory is not None else None
