"""The outcome: the one state that a job is in, why, and what to tell a person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from renderjob.api import FailureClass, Reason, Result, State, WaitReason
from renderjob.api.merge_backends import backend_of
from renderjob.words.numbers import count, rendered

from . import memo
from .actions import Kind
from .dependencies import waits_for
from .failures import FAILURE_CLASSES
from .free import nothing_else
from .free import words as free_words
from .lingering import lingering, lingers_since
from .merging import merged
from .observed import Refusal
from .preview import parked
from .unreachable import unreachable
from .verbs import beyond_tolerance, lost
from .work import Work

BLOCKED: Final = Reason.OUTPUT_BLOCKED
"""The reason of a job that waits until something can be written to where frames lie."""


_CHECKS: Final = {
    Kind.CHECK: "tries the merge with the first frames",
    Kind.LOOK: "checks whether silent chunks write files",
}
"""What the pods of checks do, which run beside the chunks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A state with its reason in one word and in a sentence."""

    state: State
    reason: Reason
    message: str
    error: str = ""
    stalled: bool = False
    """It can't go on until somebody does something, although it is not at its end."""
    somebody: bool = False
    """It goes on when somebody, whom the message names, wants it to."""


def outcome(work: Work) -> Outcome:
    """The state that follows from all the rest.

    A terminal state stands while the spec that led to it does: a completed job that is cancelled stays
    completed, a failed one stays failed. A job that was not at its end when it was cancelled ends cancelled.
    """
    before, draining = work.before.state, bool(work.in_flight)
    resolved = work.frames_resolved and merged(work)
    if resolved and not draining and (not work.cancelled or before is State.COMPLETED):
        return _completed(work)
    if lost(work) and (not work.cancelled or before is State.FAILED):
        return _failed(work, draining=draining)
    if work.observed.deleting:
        return _halted(
            work,
            State.CANCELLED,
            Reason.DELETED,
            Reason.DELETING,
            "is being deleted, nothing starts any more",
        )
    if work.spec.cancel:
        return _halted(work, State.CANCELLED, Reason.CANCELLED, Reason.CANCELLING, "cancelled by spec.cancel")
    if work.spec.suspend:
        return _halted(
            work, State.SUSPENDED, Reason.SUSPENDED, Reason.SUSPENDING, "suspended by spec.suspend"
        )
    if parked(work):
        message = "the preview is rendered: set spec.preview.approved to true to go on"
        return Outcome(State.SUSPENDED, Reason.AWAITING_APPROVAL, message, somebody=True)
    return _with_failed(work, _with_checks(work, _under_way(work)))


def _completed(work: Work) -> Outcome:
    missing = work.total - work.completed
    if missing:
        message = f"complete but for {count(len(missing), 'failed frame')}, tolerated: {missing.brief()}"
        return Outcome(State.COMPLETED, Reason.COMPLETED_WITH_FAILED_FRAMES, message)
    every = (
        f"all {len(work.total)} frames are rendered" if len(work.total) > 1 else "its one frame is rendered"
    )
    return Outcome(State.COMPLETED, Reason.COMPLETED, every)


def _failed(work: Work, *, draining: bool) -> Outcome:
    reason, error = Reason.of(work.draft.fatal_reason or Reason.FRAMES_FAILED), work.draft.fatal
    if not error:
        failed = work.failed & work.total
        counted = [f for f in work.failures if not FAILURE_CLASSES[f.failure_class].free]
        last = f"; last: {counted[-1].message}" if counted else ""
        tolerated = f", {work.tolerated} tolerated" if work.tolerated else ""
        error = f"{count(len(failed), 'frame')} failed{tolerated}: {failed.brief()}{last}"
    if draining:
        return Outcome(
            _busy(work), Reason.FAILING, f"is lost and stops what runs: {error}"[:1024], error[:1024]
        )
    return Outcome(State.FAILED, reason, error[:1024], error[:1024])


def _with_checks(work: Work, ends: Outcome) -> Outcome:
    """Checks that run beside the chunks hold up nothing for long; that their pods wait is told."""
    for kind, what in _CHECKS.items():
        if not any(a.kind is kind and a.stop is None for a in work.in_flight.values()):
            continue
        reason, words, _ = _held_up(work, kind, ends.reason, f"the pod that {what}")
        alone = ends.reason is Reason.RENDERING and not work.renders
        ends = replace(ends, reason=reason if alone else ends.reason, message=f"{ends.message}{words}"[:1024])
    return ends


def _with_failed(work: Work, ends: Outcome) -> Outcome:
    """While the rest is rendered, what failed for good is told, and what will come of it."""
    failed = work.failed & work.total
    if not failed:
        return ends
    which = f"{count(len(failed), 'frame')} failed for good: {failed.brief()}"
    if not beyond_tolerance(work):
        return replace(ends, message=f"{ends.message}; {which}"[:1024])
    error = f"{which}; the rest is rendered first, then the job fails (retries.onFailure: Continue)"
    return replace(ends, message=f"{ends.message}; {error}"[:1024], error=ends.error or error[:1024])


def _halted(work: Work, state: State, reason: Reason, while_draining: Reason, message: str) -> Outcome:
    if work.in_flight:
        return Outcome(_busy(work), while_draining, f"{message}: waits for {len(work.in_flight)} to stop")
    done = len(work.total & work.completed)
    message = f"{message}; {rendered(done, len(work.total))} and kept"
    return Outcome(state, reason, message, somebody=True)


def _refused(work: Work, refusal: Refusal) -> Outcome:
    """Nothing can be started: whoever reads it has to do something, and then it goes on by itself."""
    begun = work.completed or work.seen or work.before.attempts.succeeded or work.unverified
    message = refusal.message[:1024]
    return Outcome(State.RUNNING if begun else State.PENDING, refusal.reason, message, message, stalled=True)


def _under_way(work: Work) -> Outcome:
    if work.observed.refused is not None:
        return _refused(work, work.observed.refused)
    done = f"{len(work.total & work.completed)} of {count(len(work.total), 'frame')}"
    if work.frames_resolved:
        reason, words, error = _held_up(work, Kind.MERGE, Reason.MERGING)
        return Outcome(State.MERGING, reason, f"{done} are rendered and are being merged{words}", error)
    if (held := _held_back(work, done)) is not None:
        return held
    if work.draft.started_at is None:
        return Outcome(State.PENDING, Reason.PENDING, "about to start")
    if why := _no_room(work):
        return Outcome(State.RUNNING, BLOCKED, f"{done} are rendered; {why}"[:1024], why[:1024])
    if nothing_else(work):
        message = f"{done} are rendered; {free_words(work)}"[:1024]
        return Outcome(State.RUNNING, Reason.ONLY_FREE_FAILURES, message, message, stalled=True)
    if _backing_off(work):
        short = [f for f in work.failures if f.failure_class is FailureClass.BACK_OFF]
        last = f": {short[-1].message}" if short else ""
        return Outcome(State.RUNNING, Reason.BACKING_OFF, f"waits for a resource{last}"[:1024])
    if any(a.kind is Kind.VERIFY for a in work.in_flight.values()) and not work.renders:
        reason, words, error = _held_up(work, Kind.VERIFY, Reason.VERIFYING)
        message = f"{done} are verified, the others are being looked for{words}"
        return Outcome(State.RUNNING, reason, message, error)
    if (left := _pods_that_stay(work, done)) is not None:
        return left
    waiting = [
        seen.waiting
        for a in work.renders
        if (seen := work.seen.get(a.id)) and seen.waiting and not lingers_since(seen)
    ]
    if waiting and len(waiting) == len(work.renders):
        wait = "chunk waits" if len(waiting) == 1 else "chunks wait"
        message = f"{done} are rendered; {len(waiting)} {wait}: {waiting[0].message}"[:1024]
        stuck = next((each.message for each in waiting if each.needs_action), "")
        return Outcome(State.RUNNING, Reason.WAITING_FOR_PODS, message, stuck[:1024])
    if not work.in_flight and work.waiting:
        return Outcome(
            State.RUNNING, Reason.WAITING_TO_RETRY, f"{done} are rendered; a retry waits for its time"
        )
    return Outcome(State.RUNNING, Reason.RENDERING, f"{done} are rendered")


def _pods_that_stay(work: Work, done: str) -> Outcome | None:
    """Pods that should have ended and have not."""
    if told := lingering(work):
        return Outcome(
            State.RUNNING, Reason.PODS_DO_NOT_END, f"{done} are rendered; {told}"[:1024], told[:1024]
        )
    if told := unreachable(work):
        return Outcome(
            State.RUNNING, Reason.NODE_UNREACHABLE, f"{done} are rendered; {told}"[:1024], told[:1024]
        )
    return None


def _held_back(work: Work, done: str) -> Outcome | None:
    """Nothing runs and nothing may start, by the manifest's own word."""
    if work.spec.parallelism == 0 and not work.in_flight:
        return _paused(work, done)
    awaited, stuck = waits_for(work)
    if not awaited:
        return None
    state = State.PENDING if work.draft.started_at is None else State.RUNNING
    message = f"{done} are rendered; {awaited}"[:1024]
    return Outcome(state, Reason.WAITING_FOR_FRAMES, message, awaited if stuck else "", somebody=True)


def _paused(work: Work, done: str) -> Outcome:
    why = "parallelism is 0, so nothing starts until it is more"
    if work.draft.started_at is not None:
        return Outcome(State.RUNNING, Reason.PAUSED, f"{done} are rendered; {why}", somebody=True)
    return Outcome(State.PENDING, Reason.PENDING, why, somebody=True)


def _backing_off(work: Work) -> bool:
    until = work.draft.backoff_until
    return until is not None and until > work.now


def _no_room(work: Work) -> str:
    """Why nothing can be written to where frames lie, while that is waited for; empty when it can."""
    blocked = next((seen.blocked for a in work.renders if (seen := work.seen.get(a.id)) and seen.blocked), "")
    if blocked:
        return f"what is rendered can't be moved to where frames lie, and waits for that: {blocked}"
    full = work.draft.disk_full
    return f"waits for the disk on which frames lie: {full}" if full and _backing_off(work) else ""


def _held_up(
    work: Work, kind: Kind, otherwise: Reason, pod: str = "the pod for it"
) -> tuple[Reason, str, str]:
    """What keeps a pod that is ours from starting: the reason, `otherwise` when nothing does, the end of a sentence,
    and an error when somebody has to act."""
    of_kind = (work.seen.get(a.id) for a in work.in_flight.values() if a.kind is kind)
    waiting = next((seen.waiting for seen in of_kind if seen and seen.waiting), None)
    if waiting is None:
        return otherwise, "", ""
    why = waiting.message[:900]
    error = why if waiting.needs_action else ""
    if waiting.reason is WaitReason.SIDECAR:
        return Reason.PODS_DO_NOT_END, f"; {pod} does not end: {why}", error
    return Reason.WAITING_FOR_PODS, f"; {pod} waits: {why}", error


def _busy(work: Work) -> State:
    merging = any(a.kind is Kind.MERGE for a in work.in_flight.values())
    return State.MERGING if merging else State.RUNNING


def result(work: Work, state: State) -> Result:
    """Where to find what was made."""
    spec = work.spec
    path = spec.output.path.rstrip("/") if spec.output else ""
    file = ""
    backend = backend_of(spec.merge)
    if backend is not None and work.draft.merge.merged:
        file = backend.file
        file = f"{path}/{file}" if file and path and not file.startswith("/") else file
    missing = memo.shown(work.total - work.completed) if state is State.COMPLETED else ""
    return Result.model_construct(output=path, merged=file, missing_frames=missing)
