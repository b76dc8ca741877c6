"""What a cluster would put into a container and this machine does not have: values of Secrets and ConfigMaps, fields
of the pod, and empty directories; given on the command line, worked out, or made."""

from __future__ import annotations

import json
import math
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from renderjob.api import RenderJob
from renderjob.api.template import Container, PodTemplate
from renderjob.workload import Supplied, key_of, reference_of

ANNOTATION = "local.renderjob.dev/environment"

_SOURCES = {"secret": "Secret", "configMap": "ConfigMap"}


class EnvironmentFileError(Exception):
    """A file of variables that can't be read; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Given:
    """What `--env` and `--env-file` gave. Files are read anew at every start of a run, and not kept."""

    values: Mapping[str, str] = field(default_factory=dict)
    """`--env NAME=VALUE`."""
    inherited: tuple[str, ...] = ()
    """`--env NAME`: as the environment of `renderjob run` has it."""
    files: tuple[tuple[str, str], ...] = ()
    """(Secret or ConfigMap, path) of `--env-file NAME=FILE`; the name is empty for `--env-file FILE`."""

    @classmethod
    def of(cls, job: RenderJob) -> Given:
        """What a job was run with."""
        data = json.loads(job.metadata.annotations.get(ANNOTATION, "{}"))
        return cls(
            data.get("values", {}),
            tuple(data.get("inherited", ())),
            tuple((name, path) for name, path in data.get("files", ())),
        )

    def annotations(self) -> dict[str, str]:
        """What to note on a job, so that a later run of it is given the same."""
        if self == Given():
            return {}
        data = {"values": dict(self.values), "inherited": self.inherited, "files": self.files}
        return {ANNOTATION: json.dumps(data)}

    def resolved(self) -> Resolved:
        """The values, with the files read.

        Raises:
            EnvironmentFileError: one can't be read.
        """
        everywhere: dict[str, str] = {}
        named: dict[str, dict[str, str]] = {}
        for name, path in self.files:
            target = named.setdefault(name, {}) if name else everywhere
            target.update(_read(path))
        everywhere |= {name: os.environ[name] for name in self.inherited if name in os.environ}
        return Resolved(everywhere | dict(self.values), named)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Values that were given."""

    everywhere: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the Secret or ConfigMap that they stand for."""

    def reference(
        self, job: RenderJob, template: PodTemplate, name: str, reference: Mapping[str, Any]
    ) -> str | None:
        """The value of a variable with `valueFrom`; None where nobody gave one."""
        if (key := key_of(reference)) is not None:
            keys = self.named.get(str(key.get("name", "")), {})
            return keys.get(str(key.get("key", "")), self.everywhere.get(name))
        if name in self.everywhere:
            return self.everywhere[name]
        if isinstance(wanted := reference.get("fieldRef"), Mapping):
            return _field(job, template, str(wanted.get("fieldPath", "")))
        if isinstance(wanted := reference.get("resourceFieldRef"), Mapping):
            return _resource(template, wanted)
        return None


def supplied_for(job: RenderJob, template: PodTemplate, resolved: Resolved) -> Supplied:
    """What an attempt with this template gets in place of what only a cluster can look up."""
    container = template.container
    references = {
        variable.name: value
        for variable in container.env
        if (reference := reference_of(variable))
        and (value := resolved.reference(job, template, variable.name, reference)) is not None
    }
    everywhere: dict[str, str] = {}
    for source in env_sources(container):
        keys = resolved.named.get(source.name, {})
        everywhere |= {f"{source.prefix}{key}": value for key, value in keys.items()}
    return Supplied(references, everywhere | dict(resolved.everywhere))


# -- what a container asks for ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnvSource:
    """An entry of `envFrom`."""

    kind: str
    name: str
    prefix: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Mounted:
    """A volume where the render container has it."""

    name: str
    path: str
    kind: str
    """The volume's source, such as `secret` or `persistentVolumeClaim`; empty where the pod has no such volume."""
    source: Mapping[str, Any]

    @property
    def title(self) -> str:
        """`the Secret licenses`, `the volume scenes (persistentVolumeClaim)`."""
        if self.kind in _SOURCES:
            name = self.source.get("secretName") or self.source.get("name") or ""
            return f"the {_SOURCES[self.kind]} {name}".rstrip()
        return f"the volume {self.name} ({self.kind})" if self.kind else f"the volume {self.name}"


def env_sources(container: Container) -> Iterator[EnvSource]:
    """The `envFrom` of a container."""
    entries = (container.model_extra or {}).get("envFrom")
    for entry in entries if isinstance(entries, list) else ():
        for kind, words in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if isinstance(entry, Mapping) and isinstance(found := entry.get(kind), Mapping):
                prefix, name = str(entry.get("prefix") or ""), str(found.get("name") or "")
                yield EnvSource(words, name, prefix, found.get("optional") is True)


def mounted(template: PodTemplate) -> Iterator[Mounted]:
    """The volumes of the render container."""
    volumes = {str(volume.get("name")): volume for volume in template.spec.volumes}
    for mount in template.container.volume_mounts:
        volume = volumes.get(mount.name, {})
        kind = next((key for key in volume if key != "name"), "")
        source = volume.get(kind)
        path = mount.mount_path.rstrip("/") or "/"
        yield Mounted(mount.name, path, kind, source if isinstance(source, Mapping) else {})


def scratch_volumes(job: RenderJob, template: PodTemplate) -> Iterator[Mounted]:
    """Volumes that are empty at the start of every pod, and end with it; not the one that the frames go to."""
    output = (job.spec.output.path if job.spec.output else "").rstrip("/")
    for volume in mounted(template):
        holds_output = output == volume.path or output.startswith(f"{volume.path}/")
        if volume.kind in ("emptyDir", "ephemeral") and not holds_output:
            yield volume


def volumes_of(store: Path, id_: int) -> Path:
    """The directory of an attempt's empty volumes, below its job's directory of the store."""
    return store / "volumes" / str(id_)


def make_scratch(
    job: RenderJob, template: PodTemplate, store: Path, id_: int, taken: Mapping[str, str]
) -> dict[str, str]:
    """Make a directory for each empty volume that is not mapped. Returns container path → directory.

    Raises:
        OSError: one can't be made.
    """
    table = {}
    for volume in scratch_volumes(job, template):
        if volume.path not in taken:
            directory = volumes_of(store, id_) / volume.name
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            table[volume.path] = str(directory)
    return table


# -- values -------------------------------------------------------------------------------------------------------


def _read(path: str) -> dict[str, str]:
    try:
        with Path(path).open(encoding="utf-8-sig") as stream:
            found = dotenv_values(stream=stream, interpolate=False)
    except UnicodeDecodeError:
        raise EnvironmentFileError(f"--env-file {path}: not UTF-8 text") from None
    except OSError as error:
        raise EnvironmentFileError(f"--env-file {path}: {error.strerror or error}") from None
    # A name alone is taken from our own environment, as `docker run --env-file` has it.
    pairs = ((name, os.environ.get(name) if value is None else value) for name, value in found.items())
    return {name: value for name, value in pairs if value is not None}


def _field(job: RenderJob, template: PodTemplate, path: str) -> str | None:
    """What the downward API would say of a pod; None for what no process has."""
    meta = template.metadata
    for prefix, values in (("metadata.labels", meta.labels), ("metadata.annotations", meta.annotations)):
        if path.startswith(f"{prefix}['"):
            return values.get(path.removeprefix(f"{prefix}['").removesuffix("']"), "")
    known = {
        "metadata.name": job.metadata.name,
        "metadata.namespace": job.metadata.namespace,
        "metadata.uid": job.metadata.uid,
        "spec.nodeName": socket.gethostname(),
        "spec.serviceAccountName": "default",
        "status.hostIP": "127.0.0.1",
        "status.podIP": "127.0.0.1",
        "status.hostIPs": "127.0.0.1",
        "status.podIPs": "127.0.0.1",
    }
    return known.get(path)


def _resource(template: PodTemplate, wanted: Mapping[str, Any]) -> str | None:
    """A request or limit; without one this machine's own, as a pod gets its node's."""
    from kubernetes.utils.quantity import parse_quantity

    named = wanted.get("containerName")
    container = next((c for c in template.spec.containers if c.name == named), template.container)
    side, _, resource = str(wanted.get("resource", "")).partition(".")
    table = container.resources.limits if side == "limits" else container.resources.requests
    amount = table.get(resource)
    if amount is None:
        whole = {
            "cpu": os.cpu_count() or 1,
            "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        }
        amount = whole.get(resource) if side == "limits" else 0
    if amount is None:
        return None
    try:
        return str(math.ceil(parse_quantity(amount) / parse_quantity(wanted.get("divisor") or 1)))
    except (ValueError, ArithmeticError):
        return None
