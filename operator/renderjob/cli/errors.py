"""Exit codes, and errors in a user's words: what a script learns, and what a person reads."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from .text import say


class ExitCode(IntEnum):
    """What `renderjob` ends with."""

    OK = 0
    """Completed, or the command did what it was asked."""
    FAILED = 1
    """The job failed, was not found, or the command met another error."""
    USAGE = 2
    """The command line itself is wrong."""
    CANCELLED = 3
    """The job was cancelled (or deleted); what is rendered is kept."""
    INVALID = 4
    """A manifest that is refused."""
    SUSPENDED = 5
    """The job is suspended, or waits for the approval of its preview."""
    CONFLICT = 6
    """Another process runs the job."""
    KILLED = 130
    """A second Ctrl-C; or a first one, to a command that only watches."""


_OF_STATE = {
    "Completed": ExitCode.OK,
    "Failed": ExitCode.FAILED,
    "Cancelled": ExitCode.CANCELLED,
    "Suspended": ExitCode.SUSPENDED,
}


def of_state(state: str) -> ExitCode:
    """The exit code of a command that followed a job until this state."""
    return _OF_STATE.get(state, ExitCode.FAILED)


_WORST_FIRST = (ExitCode.KILLED, ExitCode.FAILED, ExitCode.CANCELLED, ExitCode.SUSPENDED)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of a command that ran several jobs: killed, else failed, else what kept one from completing."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), ExitCode.OK)


EPILOG = """\
\b
Exit codes:
  0    completed; the command did what it was asked
  1    the job failed, was not found, or another error
  2    wrong usage
  3    the job was cancelled; what is rendered is kept
  4    invalid manifest
  5    the job is suspended
  6    another process runs the job
  130  killed by a second Ctrl-C, or no longer watched
"""

DEBUG = "RENDERJOB_DEBUG"
"""With this variable set to 1, an error shows where in the program it came from."""


class CliError(Exception):
    """An error that the user can do something about; its text says what."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


# By name, so that no command has to import packages only to handle errors that it can't meet.
_CODES = {
    "ManifestError": ExitCode.INVALID,
    "ConvertError": ExitCode.INVALID,
    "EnvironmentFileError": ExitCode.USAGE,
    "ConflictError": ExitCode.CONFLICT,
    "RepositoryError": ExitCode.FAILED,
    "ExecutorError": ExitCode.FAILED,
    "MediaError": ExitCode.FAILED,
}


def explain(error: BaseException) -> tuple[str, ExitCode]:
    """What to tell of an error, and what to exit with."""
    if isinstance(error, CliError):
        return str(error), error.code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", ExitCode.KILLED
    ours = (c.__name__ for c in type(error).__mro__ if c.__module__.startswith("renderjob."))
    code = next((_CODES[name] for name in ours if name in _CODES), None)
    if code is not None:
        return str(error), code
    if isinstance(error, OSError):
        return _os_error(error), ExitCode.FAILED
    kind = type(error).__name__
    return (
        f"a defect of renderjob, please report it to the project with what you did: {kind}: {error} "
        f"({DEBUG}=1 shows where)",
        ExitCode.FAILED,
    )


def _os_error(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what


@contextmanager
def handled() -> Iterator[None]:
    """Turn any error but those of the command line itself into a message and an exit code."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read our output has gone; typer ends quietly
    except (Exception, KeyboardInterrupt) as error:
        if type(error).__module__.startswith(("typer", "click")):
            raise
        if os.environ.get(DEBUG) == "1":
            traceback.print_exc()
        message, code = explain(error)
        sys.stdout.flush()
        say(f"error: {message}", file=sys.stderr)
        raise SystemExit(code) from None
