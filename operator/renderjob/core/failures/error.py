"""Any other end that is not a success."""

from __future__ import annotations

from renderjob.api import FailureClass
from renderjob.core.observed import Phase

from .verdict import Cost, Ended, Verdict


def error(ended: Ended) -> Verdict | None:
    """A renderer that exited with an error or was killed by a signal."""
    if ended.seen.phase is Phase.SUCCEEDED:
        return None
    message = ended.seen.unsaved[:400] or ended.last_line or _exit(ended.seen.exit_code)
    return Verdict(FailureClass.ERROR, Cost.RETRY, message)


def _exit(code: int | None) -> str:
    if code is None:
        return "it ended without an exit code"
    return f"killed by signal {code - 128}" if code > 128 else f"exit code {code}"
