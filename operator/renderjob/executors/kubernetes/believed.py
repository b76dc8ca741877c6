"""Whose word counts: Jobs that the RenderJob owns, and pods that these Jobs own. Labels say nothing: anybody sets them.

Whoever may make pods in a namespace may give one our labels, in any namespace that the operator sees, and let it
answer for a verification or hold up a job. What is believed is in the RenderJob's own namespace, under the name that
an attempt's Job has, and is tied to it by uids that the API server gave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .names import attempt_mark
from .views import JobView, PodView


def our_jobs(uid: str, namespace: str, views: Iterable[JobView]) -> list[JobView]:
    """Of Jobs with a RenderJob's labels those that are its own.

    Args:
        uid: the RenderJob's.
        namespace: where it is.
        views: Jobs that may be its own.
    """
    mark = attempt_mark(uid)
    return [
        view
        for view in views
        if view.owner == uid
        and view.namespace == namespace
        and view.name.endswith(f"{mark}{view.attempt_id}")
    ]


def our_pods(uid: str, namespace: str, jobs: Collection[JobView], pods: Iterable[PodView]) -> list[PodView]:
    """Of pods with a RenderJob's labels those of its Jobs.

    A Job may be gone while its pod still ends, and then nobody knows its uid any more: the name of an attempt's Job,
    of which there is no other, stands in for it. A pod whose owner is not there is removed by Kubernetes itself.

    Args:
        uid: the RenderJob's.
        namespace: where it is.
        jobs: all that are its own.
        pods: that may be theirs.
    """
    mark = attempt_mark(uid)
    attempts = {job.uid: job.attempt_id for job in jobs}
    there = set(attempts.values())
    return [
        pod
        for pod in pods
        if pod.namespace == namespace
        and pod.owner == uid
        and pod.job_name.endswith(f"{mark}{pod.attempt_id}")
        and (attempts[pod.job] == pod.attempt_id if pod.job in attempts else pod.attempt_id not in there)
    ]
