"""Settling: each attempt that has ended is counted once, and its frames go where they belong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from renderjob.api import EventReason, FailureClass
from renderjob.frames import EMPTY, FrameSet
from renderjob.words.numbers import named

from . import canary, frametimes, memory, nodes, requeue, starts
from . import free as free_failures
from .actions import Kind, StopReason
from .bounds import kept
from .charge import charge, tell_failure
from .failures import Ended, Verdict, classify
from .inflight import InFlight
from .observed import AttemptObservation, Phase
from .unverified import add_unverified, began_at, check_since, is_verified_later
from .work import Work

FAILURES_AT_ONCE: Final = 200
"""Failures that one decision settles: each has a verdict, an event and a retry of its own. The others stay in flight,
and the next decision, which is due at once, takes them up: so none takes long, whatever the window."""


def settle(work: Work) -> None:
    """Count every finished attempt at a chunk that is still in flight, and take it out of flight.

    An attempt is counted because the status holds it as in flight, and is taken out in the same write: so it
    is counted once, however often its end is observed.
    """
    starts.note_begun(work)
    succeeded: list[tuple[InFlight, AttemptObservation]] = []
    failed: list[tuple[InFlight, AttemptObservation, Verdict]] = []
    for attempt in work.renders:
        seen = work.seen.get(attempt.id)
        if seen is None:
            if attempt.stop is not None:
                drop(work, attempt)
        elif not seen.finished:
            _running(work, attempt, seen)
        else:
            if attempt.stop is StopReason.EDIT:
                # It rendered what is not asked for any more: nothing of it counts, for or against.
                _ended(work, attempt, seen)
                work.count("stopped")
                continue
            enough = len(failed) >= FAILURES_AT_ONCE
            if enough and seen.phase is not Phase.SUCCEEDED:
                work.wakes.append(work.now)
                continue
            verdict = classify(Ended(attempt, seen, work.spec))
            if verdict is None:
                _ended(work, attempt, seen)
                succeeded.append((attempt, seen))
            elif enough:
                work.wakes.append(work.now)
            else:
                _ended(work, attempt, seen)
                failed.append((attempt, seen, verdict))
    if succeeded:
        _succeeded(work, succeeded)
    for attempt, seen, verdict in failed:
        _settle_failure(work, attempt, seen, verdict)
    requeue.bound(work)


def _ended(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    if seen.disruptions > attempt.lost:
        _disrupted(work, attempt, seen)
    del work.in_flight[attempt.id]


def _succeeded(work: Work, ended: Sequence[tuple[InFlight, AttemptObservation]]) -> None:
    """Attempts that succeeded: all of a decision at once, since a thousand may end together."""
    work.counts["succeeded"] += len(ended)
    free_failures.over(work)
    work.draft.backoffs = 0
    work.draft.backoff_until = None
    work.draft.disk_full = ""
    done: list[FrameSet] = []
    unverified: dict[tuple[int, str], list[FrameSet]] = {}
    for attempt, seen in ended:
        memory.learn(work, attempt)
        frametimes.learn(work, attempt, seen)
        if is_verified_later(work.spec, attempt, seen):
            unverified.setdefault((attempt.number, seen.node), []).append(attempt.frames)
        else:
            done.append(attempt.frames)
    for node, times in Counter(seen.node for _, seen in ended).items():
        nodes.praise(work, node, times)
    for (number, node), frames in unverified.items():
        add_unverified(work, _still_asked(work, FrameSet.union_of(frames)), number, node)
    if done:
        canary.note_success(work)
        _credit(work, FrameSet.union_of(done))


def _running(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    if seen.disruptions > attempt.lost:
        _disrupted(work, attempt, seen)
    if seen.started_at is not None and not attempt.began and check_since(work, attempt, seen) is not None:
        # Should it vanish, this tells which files are its work.
        began = replace(work.in_flight[attempt.id], began=int(seen.started_at.timestamp()))
        work.in_flight[attempt.id] = began


def _disrupted(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    """It was interrupted and began again by itself: free, but told."""
    times = seen.disruptions - attempt.lost
    work.in_flight[attempt.id] = replace(attempt, lost=seen.disruptions)
    work.counts["disrupted"] += times
    again = named(attempt.frames.brief(), ("was interrupted and begins", "were interrupted and begin"))
    work.tell(
        EventReason.CHUNK_DISRUPTED,
        f"{again} again on another node",
        failure_class=FailureClass.DISRUPTED,
        count=times,
    )


def _credit(work: Work, done: FrameSet) -> None:
    free_failures.over(work)
    work.completed = work.completed | done
    work.failed = work.failed - done
    work.draft.barren = 0


def drop(work: Work, attempt: InFlight) -> None:
    """Take out of flight an attempt that is to stop and is not there."""
    del work.in_flight[attempt.id]
    if attempt.kind is not Kind.RENDER:
        return
    work.count("stopped")
    if attempt.stop is not StopReason.EDIT:
        rest = _still_asked(work, attempt.frames)
        pause = free_failures.moved(work, attempt, attempt.frames.first)
        requeue.again(
            work,
            attempt,
            rest,
            FailureClass.DISRUPTED,
            check_since=began_at(attempt),
            not_before=work.now + pause,
        )


def _settle_failure(work: Work, attempt: InFlight, seen: AttemptObservation, verdict: Verdict) -> None:
    done = EMPTY if work.layout.atomic else kept(work, attempt, _found(attempt, seen))
    if done:
        _credit(work, done)
    rest = _still_asked(work, attempt.frames - done)
    # What a log says of an attempt that failed counts for nothing; it helps whoever looks at the files.
    finished = EMPTY if work.layout.atomic else done | (attempt.frames & seen.frames_done)
    if not rest:
        _all_there(work, attempt, seen, verdict)
    elif attempt.stop is not None and attempt.stop.free:
        work.count("stopped")
        since = check_since(work, attempt, seen)
        requeue.again(work, attempt, rest, FailureClass.DISRUPTED, check_since=since, finished=finished)
    else:
        charge(work, attempt, seen, rest, finished, verdict)


def _found(attempt: InFlight, seen: AttemptObservation) -> FrameSet:
    """The frames of a failed attempt whose files were found."""
    return EMPTY if seen.missing is None else attempt.frames - seen.missing


def _all_there(work: Work, attempt: InFlight, seen: AttemptObservation, verdict: Verdict) -> None:
    """It ended badly, and none of its frames is missing: that is told, and costs nothing."""
    if verdict.cost.free or (attempt.stop is not None and attempt.stop.free):
        work.count("succeeded")
        return
    tell_failure(work, attempt, seen, attempt.frames, verdict, note="none of its frames is missing")
    canary.note_success(work)


def _still_asked(work: Work, frames: FrameSet) -> FrameSet:
    """Of some frames those that the spec asks for and nobody has rendered meanwhile."""
    return (frames & work.total) - work.completed
