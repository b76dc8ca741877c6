"""Verification: rendered frames count when their files are found, where the executor can't look by itself.

A process of this machine is followed by a look at the disk, and its end is observed together with what is
missing. In a cluster only a pod sees the volume: there, frames that a chunk says it rendered are unverified
until an attempt of the kind Verify has looked for them. One such attempt looks for many chunks' frames, so
there are about a dozen in a job, however many chunks it has.
"""

from __future__ import annotations

from dataclasses import replace

from renderjob.api import EventReason, FailureClass, Reason
from renderjob.frames import EMPTY, FrameSet
from renderjob.planning import Chunk
from renderjob.words.numbers import named

from . import canary, free, memo, nodes, requeue
from .actions import Kind, StopReason
from .backoff import wait
from .bounds import looked_for, taken
from .charge import back_off, record_failure, shortened
from .failures import FAILURE_CLASSES, Ended, classify, signature
from .inflight import InFlight
from .observed import AttemptObservation, Phase
from .settle import drop
from .splitting import give_up, split
from .window import launch
from .work import Unverified, Waiting, Work

MAX_ATTEMPTS = 5
"""Failures of a verification in a row after which the job is lost: its volume can't be read."""

SHARE = 8
"""A verification starts when so many-th of all frames wait for it: about this many in a job."""

SCATTERED = 8 * 1024
"""Characters of range strings of unverified frames, by node, from which on a verification starts at once."""

CANARY = 4
"""In a job of more chunks than this, the first frames are looked for at once: a wrong path shows early."""


def settle_verify(work: Work) -> None:
    """Take in what a verification found."""
    for attempt in [a for a in work.in_flight.values() if a.kind is Kind.VERIFY]:
        seen = work.seen.get(attempt.id)
        if seen is None:
            if attempt.stop is not None:
                drop(work, attempt)
        elif seen.finished:
            del work.in_flight[attempt.id]
            if attempt.stop is StopReason.EDIT:
                continue
            if seen.phase is Phase.SUCCEEDED and seen.missing is not None:
                present, missing = seen.frames_done & attempt.frames, seen.missing & attempt.frames
                _take_in(work, seen, *taken(work, present, missing))
            elif attempt.stop is None:
                _failed(work, attempt, seen)


def start_verify(work: Work) -> None:
    """Start a verification when enough frames wait for one, or when no chunk runs anyway; so after `fill`."""
    frames = (work.unverified_frames | work.doubtful_frames) & work.total
    if not frames or any(a.kind not in (Kind.RENDER, Kind.LOOK) for a in work.in_flight.values()):
        return
    state = work.draft.verify
    if state.not_before is not None and state.not_before > work.now:
        work.wakes.append(state.not_before)
        return
    if _is_time(work, frames):
        # What has ended by now is all looked for: unverified, or doubtful. What runs must be left alone.
        fenced = work.spec.output is not None and work.spec.output.fenced
        beside = FrameSet(work.in_flight) if fenced else EMPTY
        launch(work, Kind.VERIFY, Chunk(0, looked_for(frames)), state.attempts + 1, None, beside=beside)


def _is_time(work: Work, frames: FrameSet) -> bool:
    if not work.renders or work.doubtful_frames:
        # A retry waits for what a look finds.
        return True
    if not work.completed:
        return work.layout.count > CANARY
    scattered = sum(len(memo.write(group.frames)) for group in work.unverified) > SCATTERED
    return len(frames) * SHARE >= len(work.total) or scattered


def _take_in(work: Work, seen: AttemptObservation, present: FrameSet, missing: FrameSet) -> None:
    looked = present | missing
    if seen.disk:
        # Nothing is held against whoever could not write, and nothing more is rendered until it can.
        back_off(work, disk=seen.disk)
    if not looked:
        pause = wait(work.spec.retries.backoff, work.draft.backoffs or 1, work.observed.uid, "verify")
        work.draft.verify = work.draft.verify.model_copy(update={"not_before": work.now + pause})
        return
    groups, work.unverified = work.unverified, []
    if any(group.attempts and group.frames & present for group in groups):
        canary.note_success(work)
    for group in groups:
        rest = group.frames - looked
        if rest:
            work.unverified.append(replace(group, frames=rest))
        gone = group.frames & missing & work.total
        if gone and group.attempts:
            _missing(work, group, gone, seen)
        adopted = group.frames & present & work.total
        if adopted and not group.attempts:
            work.tell(
                EventReason.FRAMES_ADOPTED,
                f"{named(shortened(adopted), ('was', 'were'))} there already and taken over",
            )
    if present:
        work.draft.barren = 0
    if present - work.completed:
        free.over(work)
    _resolve_doubts(work, looked, present, refunded=bool(seen.disk))
    work.completed = work.completed | present
    work.failed = work.failed - present
    work.draft.verify = work.draft.verify.model_copy(update={"attempts": 0, "free": 0, "not_before": None})


def _resolve_doubts(work: Work, looked: FrameSet, present: FrameSet, *, refunded: bool) -> None:
    """Frames that an attempt may have finished before it died: those that are there need no other.

    With `refunded` their last attempt is not held against the others: it could not write.
    """
    waiting, work.waiting = work.waiting, []
    kept = FrameSet.union_of(w.frames & present for w in waiting if w.check_since is not None)
    if kept:
        canary.note_success(work)
        work.tell(
            EventReason.FRAMES_KEPT,
            f"{named(shortened(kept), ('was', 'were'))} finished before the attempt died",
        )
    for entry in waiting:
        if entry.check_since is None or entry.frames.isdisjoint(looked):
            work.waiting.append(entry)
            continue
        final = entry.final and entry.frames.isdisjoint(present)
        unseen = entry.frames - looked
        if unseen:
            work.waiting.append(replace(entry, frames=unseen, final=final))
        rest = (entry.frames & looked & work.total) - present
        if rest and refunded:
            spent = max(0, min(entry.attempts, work.spec.retries.per_chunk + 1) - 1)
            work.waiting.append(
                replace(
                    entry,
                    frames=rest,
                    attempts=spent,
                    check_since=None,
                    finished=EMPTY,
                    final=False,
                    spent=False,
                )
            )
        elif rest and entry.spent and entry.size:
            part = entry.attempts > work.spec.retries.per_chunk + 1
            got_on = not entry.frames.isdisjoint(present)
            split(
                work, rest, entry.failure_class, had=(entry.memory, entry.memories), got_on=got_on, part=part
            )
        elif rest and final:
            split(work, rest, entry.failure_class, had=(entry.memory, entry.memories))
        elif rest and entry.attempts > work.spec.retries.per_chunk and not entry.size:
            give_up(work, rest)
        elif rest:
            work.waiting.append(replace(entry, frames=rest, check_since=None, finished=EMPTY, final=False))
    requeue.bound(work)


def _missing(work: Work, group: Unverified, frames: FrameSet, seen: AttemptObservation) -> None:
    """Said to be rendered, and not there: failures like any other, of the chunks that these frames are of."""
    if seen.disk:
        _no_room(work, group, frames, seen)
        return
    output, why = work.spec.output, FailureClass.NO_OUTPUT
    name = (output.pattern or output.chunk_file or "its file") if output else "its file"
    where = f"{output.path.rstrip('/')}/{name}" if output else name
    lacks = seen.lacks or f"{where} is missing or too small for: {frames.brief()}"
    message = f"the renderer succeeded, but {lacks}"[:512]
    chunks = work.layout.touched(frames)
    record_failure(
        work,
        frames,
        why,
        message,
        attempt=group.attempts,
        node=group.node,
        exit_code=0,
        count=chunks,
    )
    mark = signature(why, 0, f"{where} is missing")
    work.counts["succeeded"] = max(0, work.counts["succeeded"] - chunks)
    work.counts["failed"] += chunks
    work.counts[FAILURE_CLASSES[why].counter] += chunks
    nodes.take_back(work, group.node, chunks)
    nodes.blame(work, group.node, why, times=chunks)
    final = group.attempts > work.spec.retries.per_chunk
    canary.note_failure(work, group.attempts, mark, message, final=final, chunks=chunks)
    if final:
        split(work, frames, why, part=group.attempts > work.spec.retries.per_chunk + 1)
        return
    pause = wait(work.spec.retries.backoff, group.attempts, work.observed.uid, frames.first, group.attempts)
    tried = (group.node,) if group.node else ()
    work.waiting.append(Waiting(frames, group.attempts, work.now + pause, why, nodes=tried))
    requeue.bound(work)


def _no_room(work: Work, group: Unverified, frames: FrameSet, seen: AttemptObservation) -> None:
    """They could not be written: they are rendered again when there is room, and it costs them nothing."""
    chunks = len({work.layout.cell_of(frame) for frame in frames})
    record_failure(
        work, frames, FailureClass.BACK_OFF, seen.disk, attempt=group.attempts, node=group.node, count=chunks
    )
    work.counts["succeeded"] = max(0, work.counts["succeeded"] - chunks)
    work.counts["backed_off"] += chunks
    nodes.take_back(work, group.node, chunks)
    work.waiting.append(Waiting(frames, group.attempts - 1, work.now, FailureClass.BACK_OFF))
    requeue.bound(work)


def _failed(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    """The look itself failed: that says nothing about the frames."""
    verdict = classify(Ended(attempt, replace(seen, missing=None), work.spec))
    message = verdict.text if verdict else "it did not say what it found"
    state = work.draft.verify
    waits = free.stage(work, "verify", state, verdict, seen.node) if verdict is not None else None
    if waits is not None:
        work.draft.verify = waits
        return
    failed = state.attempts + 1
    pause = wait(work.spec.retries.backoff, failed, work.observed.uid, "verify", attempt.id)
    put = {"attempts": failed, "free": 0, "not_before": work.now + pause}
    work.draft.verify = state.model_copy(update=put)
    work.tell(EventReason.VERIFY_FAILED, f"attempt {failed}: {message}")
    if failed >= MAX_ATTEMPTS:
        work.draft.fatal = (
            f"the frames could not be looked for, {failed} times; retry looks again: {message}"[:1024]
        )
        work.draft.fatal_reason = Reason.VERIFY_FAILED
