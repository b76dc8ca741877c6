"""`plan --against`: what applying a manifest to a job that is there would cost, in words and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from renderjob.api import RenderJob
from renderjob.api.duration import short_duration
from renderjob.cli.text import count
from renderjob.core import EditCost, edit_cost
from renderjob.frames import FrameSet


def cost_of(new: RenderJob, there: RenderJob) -> EditCost:
    """What would become of the frames of `there` if `new` were applied to it."""
    return edit_cost(there.spec, new.spec, there.status, there.metadata.uid, datetime.now(UTC))


def cost_text(cost: EditCost, there: RenderJob) -> str:
    """A line for each kind of frames, the expensive ones first."""
    rows = [
        ("Rendered again", cost.again, "the edit can change their pixels"),
        ("Stopped", cost.stopped, "being rendered now, and for nothing"),
        ("Still missing", cost.missing, "asked for, not rendered yet"),
        ("Kept", cost.kept, "rendered, and good as they are"),
        ("Dropped", cost.dropped, "rendered, and not asked for any more; their files stay"),
    ]
    lines = [f"Applied to {there.key}, which is {there.status.state.value}:"]
    lines += [
        f"  {name + ':':<16}{count(len(frames), 'frame'):>12}  {_short(frames)} ({why})"
        for name, frames, why in rows
        if frames
    ]
    todo = len(cost.again) + len(cost.missing)
    if not todo:
        lines.append("Nothing is rendered.")
    elif cost.seconds is not None:
        lines.append(f"About {short_duration(cost.seconds)} of rendering, as frames took so far.")
    else:
        lines.append("How long that takes is not known: no frame time was measured yet.")
    return "\n".join(lines)


def cost_json(cost: EditCost) -> dict[str, Any]:
    """The same for programs: range strings, and seconds."""
    return {
        "kept": str(cost.kept),
        "again": str(cost.again),
        "missing": str(cost.missing),
        "dropped": str(cost.dropped),
        "stopped": str(cost.stopped),
        "framesToRender": len(cost.again) + len(cost.missing),
        "estimatedSeconds": None if cost.seconds is None else round(cost.seconds, 1),
    }


def _short(frames: FrameSet, most: int = 48) -> str:
    text = str(frames)
    return text if len(text) <= most else f"{text[:most]}…"
