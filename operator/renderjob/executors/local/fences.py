"""Fences: the directories in which attempts of a job write, each in its own, until what they wrote is moved up.

A renderer that writes to output.path itself, by a name of its own, is not fenced: its files are found where they lie.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from renderjob.api import OnEdit, RenderJob
from renderjob.core import Attempt, Kind, digest_of
from renderjob.outputs import left_over as left_below
from renderjob.outputs import open_store
from renderjob.outputs import sweep as sweep_below
from renderjob.workload import can_be_fenced, chunk_file, fence_name, short_hash

from .mounts import output_directory

_PLACES = "outputs"
"""The file that names the output directories in which attempts of a job have written."""


def fence_of(job: RenderJob, attempt: Attempt) -> Path | None:
    """Where an attempt writes; None: to output.path itself."""
    output = output_directory(job)
    if output is None or attempt.kind is not Kind.RENDER:
        return None
    if job.spec.output is None or job.spec.output.fenced is False:
        return None
    if not can_be_fenced(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks):
        return None
    return open_store(output).root / fence_name(job, digest_of(job.spec, job.status)) / str(attempt.id)


def make(job: RenderJob, attempt: Attempt, output: Path, fence: Path) -> None:
    """Make an attempt's directory.

    Raises:
        OSError: it can't be made.
    """
    patterns = job.spec.output.patterns if job.spec.output else ()
    own = chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks)
    open_store(output).stage(fence, patterns or (own or "",))


def is_current(job: RenderJob, fence: Path) -> bool:
    """Whether what an attempt was told to render is still what the job asks for."""
    return job.spec.on_edit is OnEdit.KEEP or fence.parent.name == fence_name(
        job, digest_of(job.spec, job.status)
    )


def left_over(job: RenderJob) -> dict[int, Path]:
    """The directories of attempts that nobody has looked into, by the attempts' ids."""
    output = output_directory(job)
    return {} if output is None else left_below(open_store(output).root, short_hash(job.metadata.uid))


def remember(job: RenderJob, notes: Path) -> None:
    """Note where attempts of a job write, so that they are found after output.path, or a mount, was edited.

    Args:
        job: of which an attempt is about to start.
        notes: a directory for files of ours.

    Raises:
        OSError: it can't be noted.
    """
    places = _remembered(notes)
    place = str(output_directory(job))
    if place not in places:
        notes.mkdir(parents=True, exist_ok=True)
        with (notes / _PLACES).open("a") as file:
            file.write(f"{json.dumps(place)}\n")


def sweep(job: RenderJob, notes: Path, kept: Collection[Path] = ()) -> None:
    """Remove all directories of a job of which nothing runs, wherever its output was, but for those `kept`."""
    output = output_directory(job)
    for place in {*([] if output is None else [str(output)]), *_remembered(notes)}:
        sweep_below(open_store(place).root, short_hash(job.metadata.uid), kept)


def _remembered(notes: Path) -> list[str]:
    with suppress(OSError, ValueError):
        return [str(json.loads(line)) for line in (notes / _PLACES).read_text().splitlines()]
    return []
