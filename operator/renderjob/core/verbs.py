"""The verbs of a person: retry, cancel, suspend and their opposites, each of them a field of the spec."""

from __future__ import annotations

from dataclasses import replace

from renderjob.api import CanaryStatus, EventReason, FreeFailures, OnFailure, StartStatus, State, VerifyStatus
from renderjob.frames import EMPTY

from .actions import StopReason
from .preview import awaits_approval, parked, preview_frames
from .settle import drop
from .work import Work


def begin_anew(work: Work) -> None:
    """A raised `retry`, and a cancel or a suspend that was taken back."""
    observed: int = work.before.observed_retry
    first_look = work.before.created_at is None
    if work.spec.retry != observed:
        work.draft.observed_retry = work.spec.retry
        if not first_look and work.spec.retry > observed:
            _retry(work)
    resumed = work.before.state is State.SUSPENDED and not (work.spec.suspend or parked(work))
    revived = work.before.state is State.CANCELLED and not work.cancelled
    if (resumed or revived) and work.before.active_since is not None:
        # As in batch/v1, the deadline counts from here.
        work.draft.active_since = work.now
    if resumed:
        work.tell(EventReason.RESUMED, "goes on with what is missing")
    if revived:
        work.tell(EventReason.RESUMED, "the cancel was taken back: goes on with what is missing")


def _retry(work: Work) -> None:
    """Everything that failed is missing again, with all its retries; what is rendered stays."""
    if work.failed & work.total:
        work.basis_changed = True
    work.failed = EMPTY
    # What may be there already is still looked for first.
    work.waiting = [
        replace(entry, attempts=0, not_before=work.now, nodes=(), signature="", final=False)
        for entry in work.waiting
        if entry.check_since is not None
    ]
    work.draft.canary = CanaryStatus()
    work.draft.start = StartStatus()
    work.draft.free_failures = FreeFailures()
    work.draft.fatal = ""
    work.draft.fatal_reason = ""
    work.draft.barren = 0
    work.draft.passes = 0
    work.draft.backoffs = 0
    work.draft.disk_full = ""
    work.draft.backoff_until = None
    work.draft.verify = VerifyStatus()
    work.draft.merge = work.draft.merge.model_copy(
        update={"attempts": 0, "not_before": None, "refused": "", "checked": "", "check_attempts": 0}
    )
    if work.before.active_since is not None:
        work.draft.active_since = work.now
    work.tell(EventReason.RETRIED, "runs again what failed")


def lost(work: Work) -> bool:
    """The job can't complete any more: a fatal failure, or more failed frames than are tolerated."""
    if work.draft.fatal:
        return True
    return beyond_tolerance(work) and not _rendering_the_rest(work)


def beyond_tolerance(work: Work) -> bool:
    """More frames failed for good than are tolerated."""
    failed = len(work.failed & work.total)
    return failed > work.tolerated and work.draft.passes >= work.spec.retries.per_job


def _rendering_the_rest(work: Work) -> bool:
    """retries.onFailure Continue: whether other frames than those that failed can still be rendered."""
    if work.spec.retries.on_failure is OnFailure.STOP:
        return False
    if work.before.state is State.FAILED and work.before.observed_generation == work.observed.generation:
        # A terminal state stands while the spec that led to it does.
        return False
    if work.in_flight or work.waiting or work.unverified_frames & work.total:
        return True
    missing = work.missing
    return (
        not missing.isdisjoint(preview_frames(work.spec, work.total))
        if awaits_approval(work)
        else bool(missing)
    )


def halted(work: Work) -> StopReason | None:
    """Why nothing may start, and whatever runs is to stop; None where it may. Cancel wins over suspend over failure."""
    if work.cancelled:
        return StopReason.CANCEL
    if work.spec.suspend:
        return StopReason.SUSPEND
    return StopReason.LOST_JOB if lost(work) else None


def stop_all(work: Work, reason: StopReason) -> None:
    """Whatever runs is told to stop; what has not started yet is dropped."""
    for attempt in list(work.in_flight.values()):
        stopping = attempt if attempt.stop is not None else replace(attempt, stop=reason)
        work.in_flight[attempt.id] = stopping
        if attempt.id not in work.seen:
            drop(work, stopping)
