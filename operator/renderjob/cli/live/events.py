"""JobEvents: the decision core's events in words for people, with what follows from a failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from renderjob.api import ConditionType, EventReason, Failure, FailureClass, Reason, RenderJob, State
from renderjob.cli.text import count, named, printable, short_time
from renderjob.core import Decision, is_same
from renderjob.core.failures import FAILURE_CLASSES
from renderjob.frames import FrameExpressionError, FrameSet
from renderjob.words.numbers import agreeing

_FAILURES = (EventReason.CHUNK_FAILED, EventReason.CHUNK_DISRUPTED)

_QUIET = frozenset({Reason.PENDING, Reason.RENDERING, Reason.VERIFYING, Reason.WAITING_TO_RETRY})
"""Reasons of the condition Ready that come and go all the time; the progress line tells as much."""


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job."""

    reason: str
    text: str
    warning: bool
    time: datetime
    failure: Failure | None = None
    """The failure that it tells of, where the status still holds it."""
    follows: str = ""
    """What follows from it: `retry in 10s`."""


def job_events(before: Sequence[Failure], job: RenderJob, decision: Decision) -> Iterator[JobEvent]:
    """What a decision tells, in its order; `before` are the failures of the status that it began from."""
    told = [event for event in decision.events if event.reason in _FAILURES]
    fresh = [failure for failure in job.status.failures if failure not in before]
    # The status keeps the last failures only: those belong to the last events.
    known = dict(zip(map(id, reversed(told)), reversed(fresh), strict=False))
    for event in decision.events:
        failure = known.get(id(event))
        now = datetime.now(UTC)
        text, follows = event.message, ""
        if failure is not None:
            text, follows = _words(failure), _follows(failure, job, now)
        yield JobEvent(event.reason, printable(text), event.warning, now, failure, follows)


class News:
    """Finds what happened to a job between two observations, from its status alone."""

    def __init__(self, job: RenderJob) -> None:
        """`job` is as it was found: what went wrong before is no news, what holds it up now is."""
        self._job = job
        self._said: set[str] = set()

    def of(self, job: RenderJob) -> Iterator[JobEvent]:
        """What is new in `job`, a later reading; the first one tells what holds."""
        before, after, now = self._job.status, job.status, datetime.now(UTC)
        self._job = job
        if after.started_at is not None and before.started_at is None:
            text = f"renders {count(after.total_frames, 'frame')} in {count(after.total_chunks, 'chunk')}"
            yield JobEvent(EventReason.STARTED, text, False, now)
        if before.state in (State.SUSPENDED, State.CANCELLED) and not (
            after.state is before.state or after.state.terminal
        ):
            yield JobEvent(EventReason.RESUMED, "goes on with what is missing", False, now)
        if not is_same(before.digest, after.digest):
            yield JobEvent(EventReason.EDITED, "what decides the pixels was edited", False, now)
        for failure in after.failures:
            if failure not in before.failures:
                warns = FAILURE_CLASSES[failure.failure_class].warns
                follows = _follows(failure, job, now)
                reason = EventReason.CHUNK_FAILED if warns else EventReason.CHUNK_DISRUPTED
                yield JobEvent(reason, printable(_words(failure)), warns, now, failure, follows)
        if after.merge.attempts > before.merge.attempts:
            text = f"attempt {after.merge.attempts} of the merge failed"
            yield JobEvent(EventReason.MERGE_FAILED, text, True, now)
        if after.merge.merged not in ("", before.merge.merged):
            yield JobEvent(EventReason.MERGED, "the merge succeeded", False, now)
        yield from self._reason(job, now)

    def _reason(self, job: RenderJob, now: datetime) -> Iterator[JobEvent]:
        """Why it is in the state that it is in, when that has changed."""
        ready = next((c for c in job.status.conditions if c.type is ConditionType.READY), None)
        if ready is None or ready.reason in _QUIET:
            return
        # What waits is the news, not how many frames are rendered meanwhile.
        text = ready.message.rpartition(" are rendered; ")[2]
        if (said := f"{ready.reason}: {_without_numbers(text)}") in self._said:
            return
        self._said.add(said)
        stalled = any(c.type is ConditionType.STALLED and c.status == "True" for c in job.status.conditions)
        yield JobEvent(ready.reason, printable(text), stalled and not _ended(job), now)


def _ended(job: RenderJob) -> bool:
    return job.status.state in (State.COMPLETED, State.CANCELLED)


def _without_numbers(text: str) -> str:
    return "".join("#" if character.isdigit() else character for character in text)


def _words(failure: Failure) -> str:
    attempt = f" (attempt {failure.attempt})" if failure.attempt > 1 else ""
    message = f": {failure.message}" if failure.message else ""
    if failure.failure_class is FailureClass.DISRUPTED and not failure.node:
        # The renderer of a manager that was killed: its last line tells only that it was asked to end.
        message = ""
    what = agreeing(failure.frames, *FAILURE_CLASSES[failure.failure_class].words)
    told = failure.message if failure.message.startswith(what) else f"{what}{message}"
    return f"{named(failure.frames)}{attempt} {told}"


def _follows(failure: Failure, job: RenderJob, now: datetime) -> str:
    try:
        frames = FrameSet.parse(failure.frames)
    except FrameExpressionError:
        return ""  # a range string that was cut
    status = job.status
    for entry in status.retrying:
        if not frames.isdisjoint(FrameSet.parse(entry.frames)):
            wait = max(0.0, (entry.not_before - now).total_seconds())
            more = f" with {entry.memory}" if entry.memory else ""
            more += "".join(f" with {amount} for {name}" for name, amount in entry.beside.items())
            if entry.size:
                return f"tried in parts{more}"
            return f"retry in {short_time(wait)}{more}" if wait >= 1 else f"retry now{more}"
    if not frames.isdisjoint(FrameSet.parse(status.frames.failed)):
        return "given up"
    return "again now" if not frames.isdisjoint(FrameSet.parse(status.frames.active)) else ""
