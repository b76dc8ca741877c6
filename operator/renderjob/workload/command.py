"""The program that an attempt runs, with its arguments and environment, ready to be started."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from renderjob.api import Container, RenderJob
from renderjob.frames import FrameSet

from .environment import render_environment
from .expand import expand
from .supplied import NOTHING, Supplied, is_reference


@dataclass(frozen=True, slots=True)
class Workload:
    """A process to run."""

    argv: tuple[str, ...]
    """The program and its arguments, expanded."""
    environment: Mapping[str, str]
    """What the manifest names, and the RENDER_ variables."""
    working_dir: str
    """The container's working directory; empty where the manifest names none."""


def workload_of(
    job: RenderJob,
    frames: FrameSet,
    *,
    chunk: int | None,
    chunks: int,
    attempt: int,
    output: str,
    supplied: Supplied = NOTHING,
) -> Workload:
    """What an attempt at a chunk (or, with `chunk` None, at a merge of one's own) runs.

    The RENDER_ variables come first, so that the manifest's own variables may refer to them; a variable that
    the manifest sets by the same name wins, as the later one does in Kubernetes. What a cluster would put into
    the environment (`valueFrom`, `envFrom`) is there as far as it is `supplied`.
    """
    template = job.spec.template
    if chunk is None and job.spec.merge is not None and job.spec.merge.template is not None:
        template = job.spec.merge.template
    container = template.container
    variables = {**supplied.everywhere}
    variables |= render_environment(
        job, frames, chunk=chunk or 0, chunks=chunks, attempt=attempt, output=output
    )
    for variable in container.env:
        if not is_reference(variable):
            variables[variable.name] = expand(variable.value, variables)
        elif variable.name in supplied.references:
            variables[variable.name] = supplied.references[variable.name]
    command, args = command_of(job, container, chunk)
    argv = tuple(expand(word, variables) for word in (*command, *args))
    return Workload(argv, variables, expand(container.working_dir, variables))


def command_of(job: RenderJob, container: Container, chunk: int | None) -> tuple[list[str], list[str]]:
    """The command and args of a container; of a listed chunk its own."""
    explicit = job.spec.chunks.explicit
    if explicit is None or chunk is None:
        return container.command, container.args
    listed = explicit[chunk]
    if listed.command:
        return listed.command, listed.args
    return container.command, listed.args or container.args


def chunk_file(job: RenderJob, frames: FrameSet, *, chunk: int, chunks: int) -> str | None:
    """The file below output.path that a whole chunk writes, where the manifest names one; its shortest name."""
    if job.spec.chunks.explicit is not None:
        listed = job.spec.chunks.listed_output(chunk)
        return posixpath.normpath(listed) if listed else None
    output = job.spec.output
    if output is None or output.chunk_file is None:
        return None
    variables = render_environment(job, frames, chunk=chunk, chunks=chunks, attempt=1, output=output.path)
    return posixpath.normpath(expand(output.chunk_file, variables))


def merge_cells(frames: FrameSet, layout_cells: list[FrameSet]) -> list[int]:
    """The numbers of the cells that lie in `frames`, in the order of their frames."""
    inside = (number for number, cell in enumerate(layout_cells) if cell <= frames)
    return sorted(inside, key=lambda number: layout_cells[number].first)


def merge_parts(job: RenderJob, numbers: list[int], layout_cells: list[FrameSet]) -> list[str]:
    """The files of chunks, by the numbers of their cells."""
    files = (chunk_file(job, layout_cells[n], chunk=n, chunks=len(layout_cells)) for n in numbers)
    return [file for file in files if file is not None]
