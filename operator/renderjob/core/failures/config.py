"""What the manifest asks for can't start: a program that is not there, a directory that can't be made."""

from __future__ import annotations

from renderjob.api import FailureClass

from .verdict import Cost, Ended, Verdict


def config(ended: Ended) -> Verdict | None:
    """Every chunk would fail the same way, so the job does."""
    if not ended.seen.config:
        return None
    return Verdict(FailureClass.CONFIG, Cost.FAIL_JOB, ended.seen.config)
