"""Readers of what attempts print, the same for every executor."""

from __future__ import annotations

from renderjob.api import RenderJobSpec
from renderjob.core import Kind
from renderjob.frames import FrameSet
from renderjob.progress import ChunkContext, ProgressReader, make_reader


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
    context = ChunkContext(frames.first, frames.last, step, len(frames), output)
    parser = spec.progress.parser.value if kind is Kind.RENDER else "OpenJD"
    return make_reader(context, parser, spec.progress.pattern)
