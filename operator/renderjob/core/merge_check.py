"""A look ahead at the merge: whether the first frames can be merged, before all the others are paid for.

As soon as some frames are there and others have yet to start, an attempt of the kind Check makes the built-in merge's
video of a few of them (of a chunk's video, joined to itself), and keeps nothing. What can't be merged however often
it is tried fails the job: what is rendered is kept, and an edit of the merge, or a retry, goes on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from renderjob.api import EventReason, Reason
from renderjob.api.duration import format_duration
from renderjob.api.merge_backends import backend_of
from renderjob.frames import EMPTY, FrameSet
from renderjob.planning import Chunk

from .actions import Kind, StopReason
from .backoff import wait
from .digest import merge_digest
from .failures import Ended, classify
from .inflight import InFlight
from .merging import render_again
from .observed import AttemptObservation, Phase
from .settle import drop
from .window import launch
from .work import Work

MAX_ATTEMPTS: Final = 3
"""Failed checks, whyever, after which the merge itself has to tell."""

PATIENCE: Final = 300.0
"""Seconds that the pod of a check may wait for room, a queue, an image: then the render goes on without it."""

FRAMES: Final = 2
"""Frames that a check merges."""


def settings_digest(work: Work) -> str:
    """The digest of how frames are rendered and merged, whichever they are; empty without a merge."""
    if work.spec.merge is None:
        return ""
    return merge_digest(work.spec, work.digest, EMPTY, EMPTY)


def settle_check(work: Work) -> None:
    """Take in what a check found."""
    for attempt in [a for a in work.in_flight.values() if a.kind is Kind.CHECK]:
        seen = work.seen.get(attempt.id)
        if seen is None:
            if attempt.stop is not None:
                drop(work, attempt)
        elif seen.finished:
            del work.in_flight[attempt.id]
            if attempt.stop is not StopReason.EDIT and attempt.digest == settings_digest(work):
                _settle_one(work, attempt, seen)
        elif attempt.stop is None and seen.waiting is not None and seen.started_at is None:
            _wait(work, attempt, seen)


def _wait(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    """A check whose pod can't start is given up after a while: frames are verified, and chunks rendered, without it."""
    until = (seen.waiting_since or work.now) + timedelta(seconds=PATIENCE)
    if until > work.now:
        work.wakes.append(until)
        return
    work.stop(attempt, StopReason.SURPLUS)
    _failed_again(work, attempt)
    limit = format_duration(PATIENCE)
    work.tell(
        EventReason.MERGE_NOTE,
        f"the merge is not tried for now, its pod did not start in {limit}: {seen.waiting}",
    )


def _failed_again(work: Work, attempt: InFlight, *, refused: bool = False) -> bool:
    """Note that a check came to nothing. Returns whether it is the last."""
    state = work.draft.merge
    failed = state.check_attempts + 1
    pause = wait(work.spec.retries.backoff, failed, work.observed.uid, "check", attempt.id)
    given_up = failed >= MAX_ATTEMPTS
    update = {
        "check_attempts": 0 if given_up else failed,
        "check_not_before": work.now + pause,
        "checked": attempt.digest if given_up or refused else state.checked,
    }
    work.draft.merge = state.model_copy(update=update)
    return given_up


def _settle_one(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    # How fast a merge may be is not for timeouts.minimum to say.
    verdict = None if seen.phase is Phase.SUCCEEDED else classify(Ended(attempt, seen, work.spec))
    state = work.draft.merge
    if verdict is not None and attempt.stop is not None:
        return
    if verdict is None:
        work.draft.merge = state.model_copy(update={"checked": attempt.digest, "check_attempts": 0})
        if seen.answer:
            work.tell(EventReason.MERGE_NOTE, f"the first frames can be merged; {seen.answer[:400]}")
        return
    given_up = _failed_again(work, attempt, refused=seen.refused)
    words = seen.answer or verdict.text
    if seen.refused:
        refuse(work, f"the merge can't be made of what is rendered, so the rest is not rendered: {words}")
    elif seen.bad and not given_up:
        render_again(work, attempt, seen, words, final=False)


def refuse(work: Work, error: str) -> None:
    """No attempt at the merge can succeed until somebody edits it, or what it is made from."""
    work.draft.fatal = error[:1024]
    work.draft.fatal_reason = Reason.MERGE_REFUSED
    work.draft.merge = work.draft.merge.model_copy(update={"refused": settings_digest(work)})


def start_check(work: Work) -> None:
    """Start a check when it can save something: frames are there, and others are not even started.

    One that is overtaken by an edit, or by the last frame, is stopped: the merge itself is to begin.
    """
    goal = settings_digest(work)
    for attempt in [a for a in work.in_flight.values() if a.kind is Kind.CHECK and a.stop is None]:
        if attempt.digest != goal:
            work.stop(attempt, StopReason.EDIT)
        elif work.frames_resolved:
            work.stop(attempt, StopReason.SURPLUS)
    backend, state = backend_of(work.spec.merge), work.draft.merge
    if backend is None or not backend.tried_early or goal == state.checked:
        return
    frames = _frames(work)
    busy = any(a.kind in (Kind.CHECK, Kind.MERGE) for a in work.in_flight.values())
    if busy or not frames or not (work.missing or work.waiting):
        return
    if state.check_not_before is not None and state.check_not_before > work.now:
        work.wakes.append(state.check_not_before)
        return
    launch(work, Kind.CHECK, Chunk(0, frames), state.check_attempts + 1, None, digest=goal)


def _frames(work: Work) -> FrameSet:
    """A few frames that are there; where a chunk is one file, those of one."""
    there = work.total & work.completed
    if not there:
        return EMPTY
    if not work.layout.atomic:
        return there.slice(0, FRAMES)
    cell = work.layout.cell(work.layout.cell_of(there.first))
    return cell if cell <= there else EMPTY


def merge_edited(work: Work) -> None:
    """An edit of the merge opens again what failed for the merge alone."""
    state = work.draft.merge
    if not state.refused or state.refused == settings_digest(work):
        return
    work.draft.merge = state.model_copy(update={"refused": "", "attempts": 0, "not_before": None})
    if work.draft.fatal_reason in (Reason.MERGE_FAILED, Reason.MERGE_REFUSED):
        work.draft.fatal = ""
        work.draft.fatal_reason = ""
        if work.before.active_since is not None:
            work.draft.active_since = work.now
