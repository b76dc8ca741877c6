"""The examples, and what they are compared with: all frames by one renderer, joined by the same merge."""

from __future__ import annotations

from pathlib import Path

from e2e.cluster import Place
from e2e.volume import ROOT, run
from renderjob.api import RenderJob
from renderjob.frames import FrameSet
from renderjob.manifest import load_file
from renderjob.workload import expand, render_environment

WHOLE = "/renders/one-piece"


def render_in_one_piece(place: Place, job: RenderJob) -> None:
    """All frames by one renderer beside the volume, joined by the same merge."""
    frames = FrameSet.parse(job.spec.frames)
    told = render_environment(job, frames, chunk=0, chunks=1, attempt=1, output=WHOLE)
    container = job.spec.template.container
    run(place, "python", "-c", f"import os; os.mkdir({WHOLE!r})")
    run(place, *(expand(word, told) for word in (*container.command, *container.args)))


def example(name: str) -> tuple[Path, RenderJob]:
    file = ROOT / "examples" / name / "renderjob.yaml"
    [job] = load_file(file)
    return file, job
