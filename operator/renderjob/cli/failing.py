"""How the failed attempts of a job failed, by class."""

from __future__ import annotations

from renderjob.api import RenderJob
from renderjob.core.failures import FAILURE_CLASSES


def failures_by_class(job: RenderJob) -> dict[str, int]:
    """How many attempts at chunks failed in each way, the most frequent first; what was free is not among them."""
    counts = job.status.attempts
    found = {
        kind.value: int(getattr(counts, facts.counter))
        for kind, facts in FAILURE_CLASSES.items()
        if not facts.free
    }
    ranked = sorted(found.items(), key=lambda item: item[1], reverse=True)
    return {name: number for name, number in ranked if number}
