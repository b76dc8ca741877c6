"""How the failed attempts of a job failed, by class."""

from __future__ import annotations

from renderjob.api import FailureClass, RenderJob

_FREE = (FailureClass.DISRUPTED, FailureClass.BACK_OFF)


def failures_by_class(job: RenderJob) -> dict[str, int]:
    """How many attempts at chunks failed in each way, the most frequent first; what was free is not among them."""
    counts = job.status.attempts.to_wire()
    found = {
        kind.value: counts.get(kind.value[0].lower() + kind.value[1:], 0)
        for kind in FailureClass
        if kind not in _FREE
    }
    ranked = sorted(found.items(), key=lambda item: item[1], reverse=True)
    return {name: number for name, number in ranked if number}
