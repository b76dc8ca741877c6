"""From an attempt to a process: program, arguments, environment and directory on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.api.merge_backends import built_in
from renderjob.api.template import PodTemplate
from renderjob.core import Attempt, Kind
from renderjob.outputs import open_store
from renderjob.workload import merge_request, workload_of

from . import fences
from .diagnosis import ConfigError, made
from .environment import find_program
from .mounts import Mounts, directory_of, output_directory
from .supplies import Resolved, make_scratch, supplied_for

_OUTPUT = "\0output_"
"""Stands for the output directory until mounts are applied: where it lies on this machine is no path of the
container, and must not be taken for one. It ends like a name, so that what follows it begins no path."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A process, ready to be started."""

    program: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path


def launch_of(
    job: RenderJob,
    attempt: Attempt,
    base: Mapping[str, str],
    scratch: Path,
    fence: Path | None = None,
    resolved: Resolved | None = None,
) -> Launch:
    """What to start for an attempt.

    Args:
        job: whose attempt it is.
        attempt: what to run.
        base: the environment to begin with.
        scratch: a directory for files of ours.
        fence: the directory that it is told to write to; None: output.path itself.
        resolved: values that `--env` and `--env-file` gave.

    Raises:
        ConfigError: no attempt can start like this.
        DiskError: nothing can be written to where frames lie.
        ExecutorError: it can't at the moment.
    """
    output = _make_output(job, attempt, fence)
    mounts, home = Mounts.of(job), directory_of(job)
    if attempt.kind is not Kind.RENDER and built_in(job.spec.merge) is not None:
        request = _merge_request(job, attempt, output, scratch)
        report = answer_file(scratch, attempt.id)
        report.unlink(missing_ok=True)
        # -P: a file of the user, such as queue.py beside the manifest, must not be taken for a module.
        ours = (sys.executable, "-P", "-m", "renderjob")
        argv: tuple[str, ...] = (*ours, "merge", "--report", str(report), str(request))
        # Its job's UID marks it as ours, should it be left over.
        return Launch(sys.executable, argv, {**base, "RENDER_JOB_UID": job.metadata.uid}, home)
    template = _template(job, attempt)
    workload = workload_of(
        job,
        attempt.frames,
        chunk=None if attempt.kind is Kind.MERGE else attempt.chunk,
        chunks=attempt.chunks,
        attempt=attempt.number,
        output=_OUTPUT if output else "",
        supplied=supplied_for(job, template, resolved or Resolved()),
    )
    with made("an empty volume", "the store's directory must be writable"):
        empty = make_scratch(job, template, scratch, attempt.id, mounts.table)
    mounts = Mounts({**mounts.table, **empty})

    def here(text: str) -> str:
        return mounts.translate(text).replace(_OUTPUT, str(fence or output))

    argv = tuple(map(here, workload.argv))
    environment = {**base, **{name: here(value) for name, value in workload.environment.items()}}
    directory = home / here(workload.working_dir)
    if not directory.is_dir():
        raise ConfigError(f"workingDir {directory} is not a directory here; map it with --mount")
    if not argv:
        raise ConfigError(
            "the render container has no command: an image's own entrypoint is not known here; set command"
        )
    program = find_program(argv[0], environment, directory)
    if program is None:
        raise ConfigError(
            f"the program {argv[0]!r} is not on this machine (looked in PATH); install it, or change command"
        )
    return Launch(program, argv, environment, directory)


def _template(job: RenderJob, attempt: Attempt) -> PodTemplate:
    merge = job.spec.merge
    if attempt.kind is Kind.MERGE and merge is not None and merge.template is not None:
        return merge.template
    return job.spec.template


def _make_output(job: RenderJob, attempt: Attempt, fence: Path | None) -> Path | None:
    output = output_directory(job)
    if output is None:
        return None
    path = job.spec.output.path if job.spec.output else ""
    with made(f"spec.output.path {path}", f"map it to a directory of yours with --mount {path}=DIRECTORY"):
        open_store(output).prepare(job.spec.output.patterns if job.spec.output is not None else ())
    if fence is not None:
        ours = fence.parents[1]
        cure = "attempts write there, each in its own directory; let it be made, or set output.fenced: false"
        with made(str(ours), cure):
            fences.make(job, attempt, output, fence)
    return output


def _merge_request(job: RenderJob, attempt: Attempt, output: Path | None, scratch: Path) -> Path:
    if output is None:
        raise ConfigError("merge.ffmpeg needs output.path")
    path = scratch / f"merge-{attempt.id}.json"
    request = merge_request(job, attempt.frames, str(output), trial=attempt.kind is Kind.CHECK)
    path.write_text(json.dumps(request, indent=2))
    return path


def answer_file(scratch: Path, attempt: int) -> Path:
    """Where the built-in merge says why it failed."""
    return scratch / f"merge-{attempt}.answer.json"
