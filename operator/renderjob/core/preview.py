"""Preview: some frames before all others, and a stop for approval."""

from __future__ import annotations

from renderjob.api import Approval, RenderJobSpec, frames_of
from renderjob.frames import EMPTY, FrameSet

from .work import Work


def preview_frames(spec: RenderJobSpec, total: FrameSet) -> FrameSet:
    """The frames to render first; empty without a preview."""
    if spec.preview is None or not total:
        return EMPTY
    match spec.preview.frames:
        case "Ends":
            middle = total.slice((len(total) - 1) // 2, (len(total) - 1) // 2 + 1)
            return FrameSet((total.first, total.last)) | middle
        case "Stride":
            return total.every(spec.chunks.stride)
        case expression:
            return frames_of(expression) & total


def awaits_approval(work: Work) -> bool:
    """Whether nothing but the preview may be rendered yet."""
    preview = work.spec.preview
    return preview is not None and preview.approval is Approval.REQUIRED and not preview.approved


def parked(work: Work) -> bool:
    """Whether the preview is done and somebody has to look."""
    if not awaits_approval(work) or work.in_flight or work.frames_resolved:
        return False
    left = preview_frames(work.spec, work.total) - work.completed - work.failed
    return not left
