"""Lost with its node, its pod or its manager: nobody's fault, so it is free."""

from __future__ import annotations

from renderjob.api import FailureClass
from renderjob.core.observed import Phase

from .verdict import Cost, Ended, Verdict


def disruption(ended: Ended) -> Verdict | None:
    """An attempt that nobody saw end."""
    if ended.seen.phase is not Phase.LOST:
        return None
    return Verdict(FailureClass.DISRUPTED, Cost.FREE, ended.last_line or "it was lost while it ran")
