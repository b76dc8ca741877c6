"""Deadlines: of the job, of an attempt, and of an attempt that gives no sign of life."""

from __future__ import annotations

from datetime import timedelta

from renderjob.api import Reason
from renderjob.api.duration import format_duration
from renderjob.words.numbers import rendered

from .actions import StopReason
from .file_checks import is_stalled, sign_of_life
from .inflight import InFlight
from .preview import parked
from .work import Work


def job_deadline(work: Work) -> None:
    """timeouts.job: the job is lost when it is over; while somebody has to look at a preview, and while
    all waits in a queue, it does not run."""
    limit, since = work.spec.timeouts.job, work.draft.active_since
    halted = work.cancelled or work.spec.suspend or work.before.state.terminal or work.draft.fatal
    queued = work.draft.queued_since is not None
    if limit is None or since is None or halted or queued or parked(work):
        return
    end = since + timedelta(seconds=limit)
    if end > work.now:
        work.wakes.append(end)
        return
    done = f"{rendered(len(work.total & work.completed), len(work.total))} and kept"
    work.draft.fatal = f"took longer than {format_duration(limit)} (timeouts.job); {done}"
    work.draft.fatal_reason = Reason.DEADLINE_EXCEEDED


def attempt_deadlines(work: Work) -> list[InFlight]:
    """timeouts.chunk and timeouts.stall: the attempt is stopped, and counts as a failure when it has ended.

    Returns:
        Attempts that have been silent for too long, and whose files must be looked at before they are stopped.
    """
    timeouts, silent = work.spec.timeouts, []
    for attempt in work.renders:
        seen = work.seen.get(attempt.id)
        if (
            attempt.stop is not None
            or seen is None
            or seen.finished
            or seen.started_at is None
            or seen.blocked
        ):
            continue
        if timeouts.chunk is not None:
            end = seen.started_at + timedelta(seconds=timeouts.chunk)
            if end <= work.now:
                work.stop(attempt, StopReason.TIMED_OUT)
                continue
            work.wakes.append(end)
        if timeouts.stall is not None and seen.watched:
            since = sign_of_life(attempt, seen) or seen.started_at
            end = since + timedelta(seconds=timeouts.stall)
            if end > work.now:
                work.wakes.append(end)
            elif is_stalled(work, attempt, since, timeouts.stall):
                work.stop(attempt, StopReason.STALLED)
            else:
                silent.append(attempt)
    return silent


def first_looks(work: Work) -> None:
    """What has begun in this decision is looked at when its time is over, although nothing may happen until then."""
    timeouts = work.spec.timeouts
    limits = [limit for limit in (timeouts.chunk, timeouts.stall) if limit is not None]
    if limits and any(a.id not in work.seen for a in work.renders):
        work.wakes.append(work.now + timedelta(seconds=min(limits)))
    since = work.draft.active_since
    if timeouts.job is not None and since is not None and since != work.before.active_since:
        work.wakes.append(since + timedelta(seconds=timeouts.job))
