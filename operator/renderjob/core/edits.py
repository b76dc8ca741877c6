"""Edits of the spec, and of the disk behind our back: what an edit touches is rendered again, nothing else."""

from __future__ import annotations

from dataclasses import replace

from renderjob.api import CanaryStatus, EventReason, FreeFailures, OnEdit
from renderjob.frames import EMPTY
from renderjob.words.numbers import named

from .actions import Kind, StopReason
from .bounds import adoptable
from .digest import is_same
from .inflight import InFlight
from .work import Unverified, Work


def edits(work: Work) -> None:
    """Take up an edit of what is asked for."""
    _template(work)
    _frames(work)
    _disk(work)
    _adopt(work)


def _template(work: Work) -> None:
    before = work.before.digest
    work.draft.digest = work.digest
    if is_same(before, work.digest) or work.spec.on_edit is OnEdit.KEEP:
        return
    kept = len(work.completed)
    work.completed, work.failed, work.waiting, work.unverified = EMPTY, EMPTY, [], []
    for attempt in work.in_flight.values():
        work.in_flight[attempt.id] = replace(attempt, stop=StopReason.EDIT)
    work.draft.canary = CanaryStatus()
    work.draft.learned_memory = None
    work.draft.learned_beside = {}
    work.draft.free_failures = FreeFailures()
    work.draft.fatal = ""
    work.draft.fatal_reason = ""
    work.draft.barren = 0
    work.draft.passes = 0
    work.draft.merge = work.draft.merge.model_copy(update={"attempts": 0})
    work.basis_changed = True
    work.tell(EventReason.EDITED, f"what decides the pixels was edited: {kept} frames are rendered again")


def _frames(work: Work) -> None:
    """More frames, or fewer: those that are rendered stay rendered, what is not asked for any more stops."""
    if len(work.total) != work.before.total_frames:
        work.basis_changed = True
    if not work.waiting_frames <= work.total:
        kept = (replace(entry, frames=entry.frames & work.total) for entry in work.waiting)
        work.waiting = [entry for entry in kept if entry.frames]
    for attempt in work.renders:
        if attempt.stop is None and (
            attempt.frames.isdisjoint(work.total) or _listed_elsewhere(work, attempt)
        ):
            work.in_flight[attempt.id] = replace(attempt, stop=StopReason.SURPLUS)


def _listed_elsewhere(work: Work, attempt: InFlight) -> bool:
    """Whether an attempt that has not started yet is at a chunk that the list has elsewhere now, or not at all."""
    if work.spec.chunks.explicit is None or attempt.id in work.seen:
        return False
    if attempt.chunk >= work.layout.count:
        return True
    cell = work.layout.cell(attempt.chunk)
    return attempt.frames != cell if work.layout.atomic else not attempt.frames <= cell


def _disk(work: Work) -> None:
    lost = work.observed.lost & work.completed
    if lost:
        work.completed = work.completed - lost
        work.basis_changed = True
        work.tell(
            EventReason.FRAMES_LOST,
            f"{named(lost.brief(), ('is', 'are'))} not there any more and rendered again",
        )
    if work.observed.merge_lost:
        work.draft.merge = work.draft.merge.model_copy(update={"merged": ""})
    output = work.spec.output
    if output is not None and output.adopt and work.observed.found:
        found = adoptable(work, work.observed.found & (work.total - work.completed - work.active_frames))
        if found:
            work.completed = work.completed | found
            work.failed = work.failed - found
            work.waiting = [
                replace(entry, frames=entry.frames - found) for entry in work.waiting if entry.frames - found
            ]
            work.tell(
                EventReason.FRAMES_ADOPTED,
                f"{named(found.brief(), ('was', 'were'))} there already and taken over",
            )


def _adopt(work: Work) -> None:
    """Before anything starts, frames that are there already are looked for, where the executor can't by itself."""
    output = work.spec.output
    if output is None or not output.adopt or work.observed.looks or work.before.created_at is not None:
        return
    listed = work.spec.chunks.explicit
    if output.pattern or output.chunk_file or (listed is not None and all(chunk.output for chunk in listed)):
        work.unverified = [Unverified(work.total, 0)]


def stop_merge_of_other_frames(work: Work, wanted: str) -> None:
    """A merge of what is not asked for any more is stopped."""
    for attempt in work.in_flight.values():
        if attempt.kind is Kind.MERGE and attempt.stop is None and attempt.digest != wanted:
            work.in_flight[attempt.id] = replace(attempt, stop=StopReason.EDIT)
