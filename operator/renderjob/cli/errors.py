"""Errors as a person reads them: one sentence and an exit code, a traceback only on request."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from .exit_codes import ExitCode
from .text import say

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
