"""The RENDER_ variables that tell a worker what to render."""

from __future__ import annotations

from renderjob.api import RenderJob
from renderjob.frames import FrameSet


def render_environment(
    job: RenderJob, frames: FrameSet, *, chunk: int, chunks: int, attempt: int, output: str
) -> dict[str, str]:
    """The variables of one attempt, in the order in which they are set.

    For frames that are not one progression (a listed chunk, the merge), RENDER_STEP is 1 and RENDER_FRAMES
    tells the truth.
    """
    progression = frames.progression()
    return {
        "RENDER_START": str(frames.first) if frames else "",
        "RENDER_END": str(frames.last) if frames else "",
        "RENDER_STEP": str(progression.step if progression else 1),
        "RENDER_FRAMES": str(frames),
        "RENDER_FRAME_COUNT": str(len(frames)),
        "RENDER_CHUNK": str(chunk),
        "RENDER_CHUNKS": str(chunks),
        "RENDER_ATTEMPT": str(attempt),
        "RENDER_OUTPUT": output,
        "RENDER_JOB": job.metadata.name,
        "RENDER_JOB_UID": job.metadata.uid,
        "RENDER_NAMESPACE": job.metadata.namespace,
    }
