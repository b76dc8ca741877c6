"""The manifest that a command line means."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CliError
from .exit_codes import ExitCode

if TYPE_CHECKING:
    from renderjob.api import RenderJob

_SUFFIXES = (".yaml", ".yml", ".json")


def is_file(target: str) -> bool:
    """Whether a target is a manifest's file, not the name of a job.

    Raises:
        CliError: it is written as a file and is not there.
    """
    if target == "-" or Path(target).is_file():
        return True
    if Path(target).suffix in _SUFFIXES or target.startswith((".", "/", "~")):
        raise CliError(f"there is no file {target}", ExitCode.INVALID)
    return False


def load(target: str) -> list[RenderJob]:
    """All jobs of a file; `-` is stdin.

    Raises:
        ManifestError: with one line for each problem.
    """
    from renderjob.manifest import load_file, load_manifests

    if target == "-":
        return load_manifests(sys.stdin.read(), "<stdin>")
    return load_file(Path(target))


def load_one(target: str, name: str | None = None, namespace: str | None = None) -> RenderJob:
    """The one job of a file.

    `name` chooses among several, or gives the only one another name; `namespace` likewise.

    Raises:
        CliError: the file holds several and `name` chooses none of them.
        ManifestError: with one line for each problem.
    """
    jobs = load(target)
    if len(jobs) > 1:
        chosen = [job for job in jobs if job.metadata.name == name]
        if len(chosen) != 1:
            names = ", ".join(job.metadata.name for job in jobs)
            raise CliError(
                f"{target} holds {len(jobs)} jobs ({names}): choose one with --name", ExitCode.USAGE
            )
        jobs = chosen
    job = jobs[0]
    identity = {"name": name or job.metadata.name, "namespace": namespace or job.metadata.namespace}
    if identity == {"name": job.metadata.name, "namespace": job.metadata.namespace}:
        return job
    from renderjob.api import ObjectMeta

    try:
        meta = ObjectMeta.model_validate(job.metadata.to_wire() | identity)
    except ValueError as error:
        sentence = str(error).splitlines()[2].strip()
        raise CliError(f"--name {name}: {sentence}", ExitCode.USAGE) from None
    return job.model_copy(update={"metadata": meta})
