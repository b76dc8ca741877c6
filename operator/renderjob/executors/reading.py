"""Readers of what attempts print, the same for every executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from renderjob.api import RenderJobSpec
from renderjob.core import Kind
from renderjob.frames import FilePattern, FrameSet
from renderjob.progress import ChunkContext, ProgressReader, make_reader
from renderjob.workload import ROOT


def reader_for(spec: RenderJobSpec, kind: Kind, frames: FrameSet, output: str) -> ProgressReader:
    """A reader of what an attempt at these frames prints.

    Args:
        spec: names the parser and the pattern.
        kind: a merge encodes frames that are rendered: what it prints must not be read as rendering them.
        frames: of the attempt.
        output: the output directory, as the renderer sees it.
    """
    progression = frames.progression()
    step = progression.step if progression else 1
    files = [FilePattern(file) for file in spec.output.patterns] if spec.output else []
    frame_of = _frame_of(output, files) if files and output.startswith("/") else None
    context = ChunkContext(frames.first, frames.last, step, len(frames), output, frame_of)
    parser = spec.progress.parser.value if kind is Kind.RENDER else "OpenJD"
    return make_reader(context, parser, spec.progress.pattern)


def _frame_of(output: str, patterns: Sequence[FilePattern]) -> Callable[[str], int | None]:
    """Which frame's file a saved path is: below the output directory, or below an attempt's own in it."""
    base = output.rstrip("/") + "/"

    def frame_of(path: str) -> int | None:
        if not path.startswith(base):
            return None
        name = path.removeprefix(base).lstrip("/")
        if name.startswith(f"{ROOT}/"):
            name = name.split("/", 3)[-1].lstrip("/")
        found = (pattern.match(name) for pattern in patterns)
        return next((frame for frame in found if frame is not None), None)

    return frame_of
