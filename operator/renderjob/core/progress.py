"""Progress: percent, weighted by frames, with what running chunks have done; it never falls by itself."""

from __future__ import annotations

from renderjob.api import State

from .observed import Phase
from .work import Work


def progress(work: Work, state: State) -> int:
    """0 to 100; 100 only for a completed job. It may fall only when what is asked for changes."""
    if state is State.COMPLETED:
        return 100
    done = float(len(work.total & (work.completed | work.unverified_frames)))
    for attempt in work.renders:
        seen = work.seen.get(attempt.id)
        if seen is not None and seen.phase is Phase.RUNNING:
            asked = attempt.frames & work.total
            there = min(attempt.there, len(asked))
            done += max(there, len(asked & seen.frames_done), min(1.0, seen.fraction) * len(asked))
    percent = min(99, int(100 * done / len(work.total))) if work.total else 0
    return percent if work.basis_changed else max(percent, min(99, work.before.progress))
