"""What a job would do: worked out from the manifest alone, with nothing started, written or made."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from renderjob.api import Approval, Order, RenderJob, RenderJobSpec, RenderJobStatus, frames_of
from renderjob.api.merge_backends import backend_of
from renderjob.cli.text import count
from renderjob.core import Kind, Observed, Start, decide, render_digest
from renderjob.core.frametimes import adaptive_size
from renderjob.executors.local import Mounts, directory_of, output_directory
from renderjob.frames import FilePattern, FrameSet
from renderjob.planning import layout_of
from renderjob.workload import chunk_file, workload_of

_UID = "UID"
"""Stands for the id that a job gets when it is run."""


@dataclass(frozen=True)
class PlannedChunk:
    """A chunk, as it would be started."""

    number: int
    frames: FrameSet
    argv: tuple[str, ...]
    directory: Path
    file: str | None
    """The file that the chunk writes, where the manifest names one."""

    @property
    def shell(self) -> str:
        """The command as a shell would read it."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class Plan:
    """What a job would do."""

    job: RenderJob
    frames: FrameSet
    chunks: tuple[PlannedChunk, ...]
    """In the order in which they are started."""
    digest: str
    output: Path | None
    merge: str
    """In words; empty without one."""
    count: int = 0
    """Chunks that the frames are cut into; a preview renders parts of some before the rest, which takes more starts."""
    shared: tuple[str, ...] = ()
    """Who else writes the same files, in a sentence."""
    cluster: bool = False
    """Whether it is for a cluster, where paths and programs are those of containers."""

    @property
    def starts(self) -> int:
        """How often a renderer is started, if nothing fails."""
        return self.count if self.cut else len(self.chunks)

    @property
    def cut(self) -> bool:
        """Whether `chunks` are the first ones alone: a decision starts only so many."""
        return sum(len(chunk.frames) for chunk in self.chunks) < len(self.frames)

    def files(self) -> list[str]:
        """The files that are expected below the output directory: frames', or chunks'."""
        output = self.job.spec.output
        if output is not None and output.pattern is not None:
            pattern = FilePattern(output.pattern)
            return [pattern.name(frame) for frame in self.frames]
        ordered = sorted(self.chunks, key=lambda chunk: chunk.number)
        return [chunk.file for chunk in ordered if chunk.file]


def plan_of(job: RenderJob, mounts: Mapping[str, str], directory: Path, *, cluster: bool = False) -> Plan:
    """The plan of a manifest for a run in `directory`, or in a cluster."""
    notes = Mounts(mounts).annotations(directory)
    meta = job.metadata.model_copy(update={"uid": _UID, "annotations": {**job.metadata.annotations, **notes}})
    job = job.model_copy(update={"metadata": meta})
    return Plan(
        job=job,
        frames=frames_of(job.spec.frames),
        chunks=tuple(_chunks(job)),
        digest=render_digest(job.spec),
        output=output_directory(job),
        merge=merge_words(job),
        count=layout_of(job.spec, adaptive_size(job.spec, RenderJobStatus())).count,
        cluster=cluster,
    )


def _chunks(job: RenderJob) -> Sequence[PlannedChunk]:
    """The decision core itself says what is started first: asked once, with room for everything at once."""
    decision = decide(
        unbounded(job.spec), RenderJobStatus(), Observed(uid=_UID, looks=True), datetime.now(UTC)
    )
    mounts, home = Mounts.of(job), directory_of(job)
    output = str(output_directory(job) or "")
    planned = []
    for action in decision.actions:
        if not isinstance(action, Start) or action.attempt.kind is not Kind.RENDER:
            continue
        attempt = replace(action.attempt, number=1)
        workload = workload_of(
            job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks, attempt=1, output=output
        )
        planned.append(
            PlannedChunk(
                number=attempt.chunk,
                frames=attempt.frames,
                argv=tuple(map(mounts.translate, workload.argv)),
                directory=home / mounts.translate(workload.working_dir),
                file=chunk_file(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks),
            )
        )
    return planned


def unbounded(spec: RenderJobSpec) -> RenderJobSpec:
    """The spec with room for all chunks at once, and nothing that holds them back."""
    preview = spec.preview
    if preview is not None:
        preview = preview.model_copy(update={"approved": True})
    chunks = spec.chunks
    if chunks.order is Order.SEQUENTIAL:
        # The same order, without the waits.
        chunks = chunks.model_copy(update={"order": Order.FORWARD})
    room = len(frames_of(spec.frames))
    retries = spec.retries.model_copy(update={"canary": False})
    fields = {
        "chunks": chunks,
        "parallelism": room,
        "suspend": False,
        "cancel": False,
        "preview": preview,
        "depends_on": [],
        "retries": retries,
    }
    return spec.model_copy(update=fields)


def merge_words(job: RenderJob) -> str:
    """What the merge would do."""
    backend, output = backend_of(job.spec.merge), job.spec.output
    if backend is None or not backend.ours:
        return backend.words if backend is not None else ""
    if output is not None and output.pattern is not None:
        return f"{output.pattern} at {backend.rate} frames a second {backend.words}"
    return f"the chunks' files {backend.words}"


def approval_words(spec: RenderJobSpec) -> str:
    """What a preview means for the run; empty without one."""
    if spec.preview is None:
        return ""
    text = f"{spec.preview.frames} first"
    if spec.preview.approval is Approval.REQUIRED and not spec.preview.approved:
        text += ", then waits until spec.preview.approved is true"
    return text


def size_words(spec: RenderJobSpec) -> str:
    """How big the chunks are."""
    if spec.chunks.explicit is not None:
        return "as listed"
    if spec.chunks.target_duration is not None:
        return (
            f"sized for {spec.chunks.target_duration:g}s each once a frame time is known; 1 frame until then"
        )
    return f"of {count(spec.chunk_size, 'frame')} at most"
