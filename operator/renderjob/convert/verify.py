"""The proof of a conversion: the manifest's chunks, expanded as a worker's are, against the JobSpec's own."""

from __future__ import annotations

import posixpath
from typing import Any

from renderjob.api import RenderJob
from renderjob.planning import layout_of
from renderjob.workload import chunk_file, workload_of

from .jobspec import JobSpec


def reproduces(manifest: dict[str, Any], source: JobSpec) -> bool:
    """Whether every chunk of the JobSpec is a chunk of the manifest, with the same command and file.

    Raises:
        pydantic.ValidationError: the manifest is not valid.
    """
    job = RenderJob.model_validate(manifest)
    layout = layout_of(job.spec)
    if layout.count != len(source.chunks):
        return False
    output = job.spec.output.path if job.spec.output else ""
    by_start = {chunk.start: chunk for chunk in source.chunks}
    for number in range(layout.count):
        frames = layout.cell(number)
        chunk = by_start.get(frames.first)
        if chunk is None or chunk.frames != frames:
            return False
        workload = workload_of(job, frames, chunk=number, chunks=layout.count, attempt=1, output=output)
        if workload.argv != chunk.command:
            return False
        file = chunk_file(job, frames, chunk=number, chunks=layout.count)
        if chunk.output is None:
            if file is not None:
                return False
        elif file is None or posixpath.normpath(posixpath.join(output, file)) != posixpath.normpath(
            chunk.output
        ):
            return False
    return True
