"""Happenings: the decision core's events in a person's words, with what follows from a failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from renderjob.api import Failure, FailureClass, RenderJob
from renderjob.cli.text import printable, short_time
from renderjob.core import Decision
from renderjob.frames import FrameExpressionError, FrameSet

_FAILURES = ("ChunkFailed", "ChunkDisrupted")


@dataclass(frozen=True)
class Happening:
    """Something that happened to a job."""

    reason: str
    text: str
    warning: bool
    time: datetime
    failure: Failure | None = None
    """The failure that it tells of, where the status still holds it."""
    follows: str = ""
    """What follows from it: `retry in 10s`."""


def happenings(before: Sequence[Failure], job: RenderJob, decision: Decision) -> Iterator[Happening]:
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
        yield Happening(event.reason, printable(text), event.warning, now, failure, follows)


def _words(failure: Failure) -> str:
    attempt = f" (attempt {failure.attempt})" if failure.attempt > 1 else ""
    message = f": {failure.message}" if failure.message else ""
    if failure.failure_class is FailureClass.DISRUPTED and not failure.node:
        # The renderer of a manager that was killed: its last line tells only that it was asked to end.
        message = ""
    return f"frames {failure.frames}{attempt} {_CLASS[failure.failure_class]}{message}"


_CLASS = {
    FailureClass.ERROR: "failed",
    FailureClass.OUT_OF_MEMORY: "ran out of memory",
    FailureClass.DISRUPTED: "were interrupted",
    FailureClass.BACK_OFF: "wait for a resource",
    FailureClass.STALLED: "stalled",
    FailureClass.TIMED_OUT: "took too long",
    FailureClass.TOO_FAST: "ended too fast",
    FailureClass.NO_OUTPUT: "left no output",
    FailureClass.RENDERER: "failed, says the renderer",
    FailureClass.CONFIG: "can't start",
}


def _follows(failure: Failure, job: RenderJob, now: datetime) -> str:
    try:
        frames = FrameSet.parse(failure.frames)
    except FrameExpressionError:
        return ""  # a range string that was cut
    status = job.status
    for entry in status.retrying:
        if not frames.isdisjoint(FrameSet.parse(entry.frames)):
            wait = max(0.0, (entry.not_before - now).total_seconds())
            return f"retry in {short_time(wait)}" if wait >= 1 else "retry now"
    if not frames.isdisjoint(FrameSet.parse(status.frames.failed)):
        return "given up"
    return "again now" if not frames.isdisjoint(FrameSet.parse(status.frames.active)) else ""
