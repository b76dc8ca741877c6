"""The renderer itself says that it failed for good (`openjd_fail:`)."""

from __future__ import annotations

from renderjob.api import FailureClass

from .verdict import Cost, Ended, Verdict


def renderer(ended: Ended) -> Verdict | None:
    """Its word counts whatever its exit code; the chunk is not tried again."""
    if not ended.seen.failed:
        return None
    return Verdict(FailureClass.RENDERER, Cost.FAIL_CHUNK, ended.seen.failed[:400])
