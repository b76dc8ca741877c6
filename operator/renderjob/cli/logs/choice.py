"""Which attempt's log is meant."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from renderjob.api import Failure, Reason, RenderJob, State
from renderjob.cli.errors import CliError
from renderjob.cli.text import named, printable, shortened
from renderjob.frames import EMPTY, FrameExpressionError, FrameSet


class Log(Protocol):
    """The log of one attempt, wherever it is."""

    @property
    def id(self) -> int:
        """The attempt's id: the newest has the highest."""

    @property
    def chunk(self) -> int | None:
        """The number of the chunk; None for the merge."""

    @property
    def attempt(self) -> int:
        """Which attempt at these frames."""

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first and the last frame of the attempt; None for the merge."""

    def holds(self, frame: int) -> bool:
        """Whether the attempt is, or may be, at this frame."""

    def read(self, *, follow: bool, tail: int | None) -> AsyncGenerator[bytes]:
        """All of it, or the last `tail` lines; with `follow`, until its attempt ends. Close it."""


@dataclass(frozen=True)
class LogChoice:
    """What of `logs` was asked for."""

    chunk: int | None = None
    frame: int | None = None
    merge: bool = False
    attempt: int | None = None

    @property
    def open(self) -> bool:
        """Nothing was said: the log that most likely helps is meant."""
        return self == LogChoice()


def choose(logs: Sequence[Log], job: RenderJob, choice: LogChoice, kept: str) -> Log:
    """The newest log that fits; with no choice, that of the newest failure when the job failed.

    Args:
        logs: what there is, the oldest attempt first.
        job: whose they are.
        choice: what was asked for.
        kept: which logs there are not, in words, for who asks for one of them.

    Raises:
        CliError: there is none; its text says what there is.
    """
    fitting = [log for log in logs if _fits(log, choice)]
    if not fitting:
        raise CliError(_none(logs, job, choice, kept))
    if choice.open and job.status.state is State.FAILED:
        return _of_failure(fitting, job) or fitting[-1]
    return fitting[-1]


def _fits(log: Log, choice: LogChoice) -> bool:
    if choice.merge and log.chunk is not None:
        return False
    if choice.chunk is not None and log.chunk != choice.chunk:
        return False
    if choice.frame is not None and not log.holds(choice.frame):
        return False
    return choice.attempt in (None, log.attempt)


def _of_failure(logs: Sequence[Log], job: RenderJob) -> Log | None:
    if any(
        c.reason in (Reason.MERGE_FAILED, Reason.MERGE_REFUSED) and c.status == "True"
        for c in job.status.conditions
    ):
        return next((log for log in reversed(logs) if log.chunk is None), None)
    for failure in reversed(job.status.failures):
        frames = _frames_of(failure)
        for log in reversed(logs) if frames else ():
            if log.attempt == failure.attempt and log.holds(frames.first):
                return log
    return None


def _frames_of(failure: Failure) -> FrameSet:
    try:
        return FrameSet.parse(failure.frames)
    except FrameExpressionError:
        return EMPTY  # a range string that was cut


def title(log: Log) -> str:
    """What a log is of."""
    if log.chunk is None or log.ends is None:
        return f"the merge, attempt {log.attempt}"
    first, last = log.ends
    frames = f"frame {first}" if first == last else f"frames {first}-{last}"
    return f"chunk {log.chunk} ({frames}), attempt {log.attempt}"


def _none(logs: Sequence[Log], job: RenderJob, choice: LogChoice, kept: str) -> str:
    asked = [
        text
        for text, given in (
            ("of the merge", choice.merge),
            (f"of chunk {choice.chunk}", choice.chunk is not None),
            (f"of frame {choice.frame}", choice.frame is not None),
            (f"of attempt {choice.attempt}", choice.attempt is not None),
        )
        if given
    ]
    text = f"{job.key} has no log {' '.join(asked)}".rstrip()
    if logs:
        chunks = FrameSet(log.chunk for log in logs if log.chunk is not None)
        merge = " and of the merge" if any(log.chunk is None for log in logs) else ""
        text += f"; there are logs of chunks {chunks or '(none)'}{merge} ({kept})"
    elif job.status.started_at is None:
        text += ": nothing has run yet"
    else:
        text += f" ({kept})"
    return text + _last_words(job, choice)


def _last_words(job: RenderJob, choice: LogChoice) -> str:
    """What the status kept of an attempt that failed."""
    if choice.merge or choice.chunk is not None:
        return ""
    for failure in reversed(job.status.failures):
        fits = choice.frame is None or choice.frame in _frames_of(failure)
        if fits and choice.attempt in (None, failure.attempt) and failure.message:
            words = shortened(printable(failure.message), 300)
            return f"\nthe last words of {named(failure.frames)}, attempt {failure.attempt}: {words}"
    return ""
