"""Exit codes: what a script learns from a command without reading what it prints."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


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
