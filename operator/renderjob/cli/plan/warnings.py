"""What a plan warns of: of a local run looked up on this machine, with nothing made or written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.cli.run.provisions import notes
from renderjob.executors.local import Mounts, directory_of, output_directory

from .plan import Plan

_REFERENCE = re.compile(r"\$\((RENDER_[A-Z_]+)\)")


def plan_warnings(plan: Plan) -> list[str]:
    """One sentence for each."""
    job = plan.job
    there, at_home = (
        [_image(job), _fence(plan)],
        [notes(job), _output(job), _programs(plan), _past_fence(job)],
    )
    here = there if plan.cluster else [*at_home, _merge(job)]
    # What others write comes first: it is the one that no look at the manifest tells.
    some = (plan.shared, *here, _verified(job), _references(plan), _states(job))
    return [warning for each in some for warning in each]


def _image(job: RenderJob) -> Iterator[str]:
    container = job.spec.template.container
    if not container.image:
        yield f"the container {container.name} has no image: the API server will refuse its pod"


def _fence(plan: Plan) -> Iterator[str]:
    from renderjob.core import Attempt, Kind
    from renderjob.executors.kubernetes import template_pod

    for chunk in plan.chunks[:1]:
        try:
            template_pod(plan.job, Attempt(1, Kind.RENDER, chunk.frames, chunk.number, len(plan.chunks), 1))
        except ValueError as error:
            yield str(error)


def _past_fence(job: RenderJob) -> Iterator[str]:
    """A command that names output.path itself, and nowhere RENDER_OUTPUT, writes to no directory of its own."""
    output, container = job.spec.output, job.spec.template.container
    if output is None or output.fenced is False or not output.path.startswith("/"):
        return
    listed = job.spec.chunks.explicit or ()
    if output.pattern is None and output.chunk_file is None and not any(chunk.output for chunk in listed):
        return
    words = [*container.command, *container.args, *(variable.value for variable in container.env)]
    words += [word for chunk in listed for word in (*chunk.command, *chunk.args)]
    named = re.compile(rf"(?<![\w./-]){re.escape(output.path.rstrip('/'))}(?![\w.-])")
    if any(map(named.search, words)) and not any("RENDER_OUTPUT" in word for word in words):
        yield (
            f"the command names {output.path} itself: write $(RENDER_OUTPUT) for it, so that an attempt that was "
            "given up can't overwrite a frame"
        )


def _verified(job: RenderJob) -> Iterator[str]:
    output = job.spec.output
    if output is None:
        yield (
            "there is no spec.output: no frame can be verified, an exit with 0 counts as rendered, and of a chunk "
            "that fails no frame is kept"
        )
    elif output.pattern is None and output.chunk_file is None and not job.spec.chunks.explicit:
        yield (
            "spec.output.file is not set: no frame can be verified, an exit with 0 counts as rendered, and of a "
            "chunk that fails no frame is kept"
        )


def _output(job: RenderJob) -> Iterator[str]:
    output, directory = job.spec.output, output_directory(job)
    if output is None or directory is None:
        return
    there = _nearest(directory)
    if not there.is_dir():
        yield f"spec.output.path {output.path} can't be made: {there} is no directory"
    elif not os.access(there, os.W_OK):
        yield (
            f"spec.output.path {output.path} can't be made in {there} by you: map it to a directory of yours "
            f"with --mount {output.path}=DIRECTORY"
        )


def _nearest(directory: Path) -> Path:
    """The directory, or the first above it that is there."""
    return next(path for path in (directory, *directory.parents) if path.exists())


def _programs(plan: Plan) -> Iterator[str]:
    seen: set[str] = set()
    for chunk in plan.chunks:
        if not chunk.argv:
            yield "the render container has no command: an image's own entrypoint is not known here"
            return
        program = chunk.argv[0]
        if program in seen:
            continue
        seen.add(program)
        if not chunk.directory.is_dir():
            yield f"workingDir {chunk.directory} is not a directory here; map it with --mount"
        elif not _is_here(program, chunk.directory):
            yield f"the program {program!r} is not on this machine: install it, or change command"


def _references(plan: Plan) -> Iterator[str]:
    """Kubernetes takes `$(seq $(RENDER_START)` as one unknown name, and leaves it as it is."""
    words = plan.chunks[0].argv if plan.chunks else ()
    left = sorted({match for word in words for match in _REFERENCE.findall(word)})
    for name in left:
        yield (
            f"the command keeps $({name}) as it is: inside a shell's own $(…) it is not replaced; "
            f"write ${name} there"
        )


def _is_here(program: str, directory: Path) -> bool:
    """Whether a local run finds a program: on PATH, beside this Python, or, for ffmpeg, as it came with us."""
    import sys

    from renderjob.executors.local import find_program

    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    if find_program(program, {"PATH": path}, directory) is not None:
        return True
    return program == "ffmpeg" and _has_ffmpeg()


def _has_ffmpeg() -> bool:
    from renderjob.media import FFmpegNotFoundError, find_ffmpeg

    try:
        find_ffmpeg()
    except FFmpegNotFoundError:
        return False
    return True


def _merge(job: RenderJob) -> Iterator[str]:
    merge = job.spec.merge
    if merge is None or merge.template is None:
        return
    command = merge.template.container.command
    directory = directory_of(job) / Mounts.of(job).translate(merge.template.container.working_dir)
    if not command:
        yield "the merge's container has no command: an image's own entrypoint is not known here"
    elif "$(" not in command[0] and not _is_here(command[0], directory):
        yield f"the merge's program {command[0]!r} is not on this machine"


def _states(job: RenderJob) -> Iterator[str]:
    if job.spec.cancel:
        yield "spec.cancel is true: nothing would be rendered"
    elif job.spec.suspend:
        yield "spec.suspend is true: nothing would be rendered until it is false"
    if job.spec.parallelism == 0:
        yield "spec.parallelism is 0: nothing would be rendered until it is more"
