"""Splitting: a chunk that failed for good is rendered in parts, so that only the bad frames are lost.

A part gets one attempt. Where it fails, what is missing of it is split again, down to single frames: one bad frame
of n costs at most two attempts for each halving, 2·log2(n), and half of those render good frames. Where the last
attempt got on before it failed, the frame at which it stopped is tried alone, which takes two.

How much is spent on a job that is broken is bounded: parts that fail in a row, with no frame rendered meanwhile, are
counted. So that bad frames in the first chunks are not taken for that, parts wait for whole chunks until something is
rendered, and the smallest part is tried first: it takes one halving after another to come to frames that are whole.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from renderjob.api import EventReason, FailureClass, OnFailure, Order
from renderjob.frames import FrameSet
from renderjob.words.numbers import named

from .backoff import wait
from .failures import FAILURE_CLASSES, Cost, Verdict
from .inflight import InFlight
from .work import Waiting, Work

Memory = tuple[int | None, tuple[tuple[str, int], ...]]

BARREN: Final = 16
"""Parts that fail in a row, without a frame rendered meanwhile, after which nothing is split for now."""

BARREN_AT_FIRST: Final = 12
"""The same while nothing of the job was ever rendered; then parts that wait are given up with the last."""


def is_part(work: Work, attempt: InFlight) -> bool:
    """Whether an attempt is at a part of a chunk that has used up its own."""
    return attempt.number > work.spec.retries.per_chunk + 1


def may_split(work: Work, frames: FrameSet, verdict: Verdict, *, got_on: bool, alike: bool) -> bool:
    """Whether frames that failed for good together may be tried in parts.

    Args:
        work: the decision.
        frames: what is missing of the chunk.
        verdict: how its last attempt failed.
        got_on: the attempt rendered some of its frames before it failed.
        alike: it was given up because it failed the same way on two nodes.
    """
    if verdict.cost is Cost.FAIL_JOB or not FAILURE_CLASSES[verdict.failure_class].splits:
        return False
    if verdict.cost is Cost.FAIL_CHUNK and not alike:
        # A rule speaks of the whole chunk; a renderer that says so itself may have come to a bad frame.
        return (
            verdict.failure_class is FailureClass.RENDERER
            and got_on
            and _pays(work, frames, FailureClass.RENDERER)
        )
    return _pays(work, frames, verdict.failure_class)


def split(
    work: Work,
    frames: FrameSet,
    why: FailureClass,
    *,
    had: Memory = (None, ()),
    got_on: bool = False,
    part: bool = False,
) -> None:
    """Frames that failed for good together wait in parts; a single one, and what may not be split, is given up.

    Args:
        work: the decision.
        frames: what is missing of a chunk, or of several.
        why: how they failed.
        had: bytes of memory of their last attempt, where that was raised, and of containers beside it.
        got_on: the attempt rendered some of its frames before it failed.
        part: they were a part already.
    """
    if part and not got_on:
        work.draft.barren = work.draft.barren + 1
        _broken_everywhere(work)
    if not _pays(work, frames, why):
        give_up(work, frames)
        return
    parts: dict[int, FrameSet] = {}
    for some in _by_cell(work, frames):
        for size, those in _parts(some, got_on=got_on):
            parts[size] = parts[size] | those if size in parts else those
    give_up(work, parts.pop(0, FrameSet()))
    if not parts:
        return
    spent = work.spec.retries.per_chunk + 1
    pause = wait(work.spec.retries.backoff, 1, work.observed.uid, "split", frames.first)
    for size, those in parts.items():
        work.waiting.append(
            Waiting(
                those,
                spent,
                work.now + min(pause, timedelta(days=1)),
                why,
                had[0],
                memories=had[1],
                size=size,
            )
        )
    work.tell(
        EventReason.CHUNK_SPLIT,
        f"{named(frames.brief(250))} failed for good together and are tried in parts,"
        " so that only the bad ones are lost",
    )


def _broken_everywhere(work: Work) -> None:
    """Where neither a whole chunk nor any of so many parts was rendered, the parts that wait are not tried either."""
    if work.draft.barren < _limit(work) or not nothing_rendered(work):
        return
    for entry in (entry for entry in work.waiting if _is_untried_part(entry)):
        give_up(work, entry.frames)
    work.waiting = [entry for entry in work.waiting if not _is_untried_part(entry)]


def _is_untried_part(entry: Waiting) -> bool:
    # The files of what waits for a verification may exist.
    return entry.size > 0 and entry.check_since is None


def give_up(work: Work, frames: FrameSet) -> None:
    """No further attempt at these frames in this pass."""
    work.failed = work.failed | frames


def _pays(work: Work, frames: FrameSet, why: FailureClass) -> bool:
    """Whether parts may come to more than the whole."""
    if why is FailureClass.NO_OUTPUT and nothing_rendered(work):
        # A renderer that succeeds without a frame writes them elsewhere.
        return False
    if len(frames) < 2 or work.layout.atomic or work.spec.chunks.order is Order.SEQUENTIAL:
        return False
    if work.draft.fatal or work.draft.barren >= _limit(work):
        return False
    lost = len(work.failed & work.total) >= work.tolerated
    last = work.draft.passes >= work.spec.retries.per_job
    return not (work.spec.retries.on_failure is OnFailure.STOP and lost and last)


def _limit(work: Work) -> int:
    return BARREN_AT_FIRST if nothing_rendered(work) else BARREN


def nothing_rendered(work: Work) -> bool:
    """Whether no frame of the job was rendered so far, so that it may be the job that is broken."""
    return not work.completed and not work.counts["succeeded"]


def _by_cell(work: Work, frames: FrameSet) -> list[FrameSet]:
    parts, left = [], frames
    while left:
        cell = work.layout.cell(work.layout.cell_of(left.first))
        parts.append(left & cell)
        left = left - cell
    return parts


def _parts(frames: FrameSet, *, got_on: bool) -> list[tuple[int, FrameSet]]:
    """Frames with how many of them are tried together; 0 for those that are not tried again."""
    if len(frames) == 1:
        return [(0, frames)]
    if got_on:
        # It stopped at the first that is missing.
        return [(1, frames.slice(0, 1)), (len(frames) - 1, frames.slice(1, len(frames)))]
    return [(-(-len(frames) // 2), frames)]
