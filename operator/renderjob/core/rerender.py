"""Frames that are rendered and asked for once more (spec.rerender)."""

from __future__ import annotations

from dataclasses import replace

from renderjob.api import EventReason, frames_of
from renderjob.frames import EMPTY, FrameSet
from renderjob.words.numbers import named

from .actions import StopReason
from .work import Work


def rerender(work: Work) -> None:
    """Take up a raised `rerender.request`: its frames are missing again, with all their retries."""
    asked = work.spec.rerender
    if asked is None or asked.request == work.before.observed_rerender:
        return
    raised = asked.request > work.before.observed_rerender
    work.draft.observed_rerender = asked.request
    # A manifest that begins with a request asks for nothing that it does not ask for anyhow.
    if raised and work.before.created_at is not None:
        _render_again(work, whole_chunks(work, frames_of(asked.frames) & work.total))


def _render_again(work: Work, frames: FrameSet) -> None:
    if not frames:
        work.tell(EventReason.NOTHING_TO_RERENDER, "no frame of spec.rerender.frames is among spec.frames")
        return
    take_back(work, frames)
    work.tell(
        EventReason.RERENDERED,
        f"{named(str(frames), ('is', 'are'))} rendered once more, as spec.rerender asks",
    )


def take_back(work: Work, frames: FrameSet) -> None:
    """Frames are missing again, with all their retries, whatever became of them; what renders them now stops."""
    work.completed, work.failed = work.completed - frames, work.failed - frames
    work.waiting = [
        replace(entry, frames=entry.frames - frames) for entry in work.waiting if entry.frames - frames
    ]
    work.unverified = [
        replace(entry, frames=entry.frames - frames) for entry in work.unverified if entry.frames - frames
    ]
    for attempt in work.in_flight.values():
        if attempt.stop is None and not attempt.frames.isdisjoint(frames):
            # It may have read what was changed since.
            work.in_flight[attempt.id] = replace(attempt, stop=StopReason.EDIT)
    work.basis_changed = True
    work.draft.fatal = ""
    work.draft.fatal_reason = ""
    work.draft.passes = 0
    work.draft.merge = work.draft.merge.model_copy(update={"merged": "", "attempts": 0, "not_before": None})
    if work.before.active_since is not None:
        work.draft.active_since = work.now


def whole_chunks(work: Work, frames: FrameSet) -> FrameSet:
    """With one file for all frames of a chunk, the whole chunk is rendered."""
    if not work.layout.atomic:
        return frames
    whole, left = EMPTY, frames
    while left:
        cell = work.layout.cell(work.layout.cell_of(left.first))
        whole, left = whole | cell, left - cell
    return whole
