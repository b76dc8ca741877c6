"""Slowed: what a job is told whose looks cost too much: what makes them so, as far as that can be seen."""

from __future__ import annotations

from .work import Work

MANY = 1000
"""Less of anything costs nothing to speak of."""


def slowed(work: Work) -> str:
    """Why looks at this job are few and far between, in a sentence; empty when they are not."""
    why = work.observed.slowed
    return f"{why}; {_remedy(work)}"[:1024] if why else ""


def _remedy(work: Work) -> str:
    listed = work.spec.chunks.explicit or ()
    counts = {
        "frames": len(work.total),
        "ranges in spec.frames": work.spec.frames.count(",") + 1,
        "chunks": 0 if listed else work.layout.count,
        "listed chunks (spec.chunks.explicit)": len(listed),
        "separate ranges of rendered frames": work.before.frames.completed.count(",") + 1,
        "entries in status.retrying": len(work.before.retrying),
        "attempts in flight": len(work.in_flight),
    }
    found = [f"{number:,} {noun}" for noun, number in counts.items() if number >= MANY]
    if not found:
        return "a smaller manifest costs less"
    return f"it has {', '.join(found)}: fewer of them in one RenderJob cost less"
