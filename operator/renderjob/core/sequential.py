"""chunks.order Sequential: frames that need those before them, as simulations do, one chunk after the other."""

from __future__ import annotations

from dataclasses import replace

from renderjob.api import EventReason, Order
from renderjob.frames import EMPTY, FrameSet
from renderjob.words.numbers import named

from .splitting import give_up
from .work import Work


def is_sequential(work: Work) -> bool:
    """Whether each chunk needs the one before."""
    return work.spec.chunks.order is Order.SEQUENTIAL


def give_up_what_follows(work: Work) -> None:
    """Behind a frame that failed for good nothing can be rendered: what follows fails with it."""
    failed = work.failed & work.total
    if not is_sequential(work) or not failed:
        return
    rest = _from_first_of(work, failed) - work.completed - work.failed
    rest = rest - work.active_frames - work.unverified_frames
    if not rest:
        return
    give_up(work, rest)
    left = (replace(entry, frames=entry.frames - rest) for entry in work.waiting)
    work.waiting = [entry for entry in left if entry.frames]
    be = "is" if len(rest) == 1 else "are"
    work.tell(
        EventReason.FRAMES_NOT_TRIED,
        f"{named(rest.brief(250), ('needs', 'need'))} what failed for good before, and {be} not tried "
        "(chunks.order: Sequential)",
    )


def startable(work: Work) -> FrameSet:
    """The frame with which the next chunk begins: the first that is not whole, when nothing runs; else none."""
    left = work.total - work.completed
    if work.renders or work.unverified_frames or work.doubtful_frames or not left:
        return EMPTY
    next_one = (work.layout.cell(_first_cell(work, left)) & left).slice(0, 1)
    return next_one - work.failed


def _first_cell(work: Work, frames: FrameSet) -> int:
    """The number of the first cell with any of these frames."""
    if not work.layout.atomic:
        return work.layout.cell_of(frames.first)  # cells follow each other as their frames do
    return next(number for number in range(work.layout.count) if work.layout.any_in(number, frames))


def _from_first_of(work: Work, failed: FrameSet) -> FrameSet:
    """All that comes after the first of some frames."""
    if not work.layout.atomic:
        return work.total.slice(work.total.count_between(work.total.first, failed.first), len(work.total))
    cells = range(_first_cell(work, failed), work.layout.count)
    return FrameSet.union_of(work.layout.cell(number) for number in cells)
