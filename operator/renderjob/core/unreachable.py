"""Pods that were deleted and do not end: their node does not answer, so it is unknown whether they still write.

The operator reads no nodes. What the loss of a node means for a pod is in the pod's status: DisruptionTarget when it is
taken away, phase Failed when it is known to be gone. In between its frames are rendered nowhere else; that can last
until the node is removed, so the job's condition says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from renderjob.api.duration import format_duration
from renderjob.words.numbers import named

from .inflight import InFlight
from .work import Work

PATIENCE: Final = timedelta(minutes=1)
"""After the end of its grace period, for a kubelet that is slow to say that a pod has ended."""


def await_unreachable(work: Work) -> None:
    """Requeue for when a pod that was deleted should have ended."""
    for attempt in work.in_flight.values():
        since = _overdue_since(work, attempt)
        if since is not None and since > work.now:
            work.wakes.append(since)


def unreachable(work: Work) -> str:
    """Which pod has not ended long after it was deleted, and what can be done; empty without one."""
    for attempt in work.in_flight.values():
        since, seen = _overdue_since(work, attempt), work.seen.get(attempt.id)
        if since is None or since > work.now or seen is None or seen.evidence is None:
            continue
        deleted = seen.evidence.deleted_at or since
        ago = format_duration(round((work.now - deleted).total_seconds()))
        return (
            f"the pod of {named(attempt.frames.brief(100))} on node {seen.node} was deleted {ago} ago and has not "
            "ended: its node does not answer; these frames are rendered again once Kubernetes says that the pod is "
            "gone; if the node will not come back, delete it (kubectl delete node), or taint it with "
            "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
        )
    return ""


def _overdue_since(work: Work, attempt: InFlight) -> datetime | None:
    """From when on a pod that was deleted should have ended long ago; None for any other."""
    seen = work.seen.get(attempt.id)
    if seen is None or seen.finished or seen.evidence is None or not seen.node:
        return None
    ends_by = seen.evidence.ends_by
    return ends_by + PATIENCE if ends_by is not None and not seen.evidence.terminal else None
