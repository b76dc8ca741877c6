"""Which attempt's log is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from renderjob.api import RenderJob, State
from renderjob.executors.local.logs import LogFile
from renderjob.frames import FrameExpressionError, FrameSet

from .errors import CliError


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


def choose(files: Sequence[LogFile], job: RenderJob, choice: LogChoice) -> LogFile:
    """The newest log that fits; with no choice, that of the newest failure when the job failed.

    Raises:
        CliError: there is none; its text says what there is.
    """
    fitting = [file for file in files if _fits(file, choice)]
    if not fitting:
        raise CliError(_none(files, job, choice))
    if choice.open and job.status.state is State.FAILED:
        return _of_failure(fitting, job) or fitting[-1]
    return fitting[-1]


def _fits(file: LogFile, choice: LogChoice) -> bool:
    if choice.merge and file.chunk is not None:
        return False
    if choice.attempt is not None and file.attempt != choice.attempt:
        return False
    return file.shows(chunk=choice.chunk, frame=choice.frame)


def _of_failure(files: Sequence[LogFile], job: RenderJob) -> LogFile | None:
    if any(c.reason == "MergeFailed" and c.status == "True" for c in job.status.conditions):
        return next((file for file in reversed(files) if file.chunk is None), None)
    for failure in reversed(job.status.failures):
        try:
            first = FrameSet.parse(failure.frames).first
        except FrameExpressionError:
            continue  # a range string that was cut
        for file in reversed(files):
            if file.attempt == failure.attempt and file.shows(frame=first):
                return file
    return None


def title(file: LogFile) -> str:
    """What a log is of."""
    if file.chunk is None:
        return f"the merge, attempt {file.attempt}"
    frames = f"frame {file.first}" if file.first == file.last else f"frames {file.first}-{file.last}"
    return f"chunk {file.chunk} ({frames}), attempt {file.attempt}"


def _none(files: Sequence[LogFile], job: RenderJob, choice: LogChoice) -> str:
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
    if not files:
        return f"{text}: nothing has run yet, or nothing was printed"
    chunks = FrameSet(file.chunk for file in files if file.chunk is not None)
    merge = " and of the merge" if any(file.chunk is None for file in files) else ""
    what = f"there are logs of chunks {chunks or '(none)'}{merge}"
    return f"{text}; {what} (of attempts that printed nothing, none is kept)"
