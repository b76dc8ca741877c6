"""Whose word counts: of Jobs and pods with our labels only those that are tied to the RenderJob by uids."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from renderjob.api import RenderJob
from renderjob.core import Phase
from renderjob.executors.kubernetes import KubernetesExecutor
from renderjob.executors.kubernetes.children import our_jobs, our_pods
from renderjob.executors.kubernetes.names import child_name
from renderjob.executors.kubernetes.views import JobView, PodView, read_job_view, read_pod_view
from renderjob.kube import WriteLimiter
from support.jobs import job


def shot(**status: Any) -> RenderJob:
    plain = job()
    metadata = plain.metadata.model_copy(update={"uid": "uid-of-the-shot", "namespace": "film"})
    return plain.model_copy(update={"metadata": metadata, "status": plain.status.model_copy(update=status)})


def an_object(uid: str, name: str, attempt: str, owner: dict[str, Any] | None) -> dict[str, Any]:
    labels = {"renderjob.dev/attempt-id": attempt, "renderjob.dev/uid": "uid-of-the-shot"}
    return {
        "uid": uid,
        "namespace": "film",
        "name": name,
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": labels,
        "ownerReferences": [owner] if owner else [],
    }


def a_job(attempt: int = 7, owner: dict[str, Any] | None = None, uid: str = "", name: str = "") -> JobView:
    owner = owner or {"kind": "RenderJob", "uid": "uid-of-the-shot", "controller": True}
    meta = an_object(uid or f"job-{attempt}", name or child_name(shot(), attempt), str(attempt), owner)
    view = read_job_view({"metadata": meta})
    assert view is not None
    return view


def owner_of_pod(attempt: int = 7, **other: Any) -> dict[str, Any]:
    name = child_name(shot(), attempt)
    return {"kind": "Job", "uid": f"job-{attempt}", "name": name, "controller": True} | other


def a_pod(attempt: int = 7, owner: dict[str, Any] | None = None, phase: str = "Running") -> PodView:
    view = read_pod_view(
        {"metadata": an_object(f"pod-{attempt}", "a-pod", str(attempt), owner), "status": {"phase": phase}}
    )
    assert view is not None
    return view


FORGED = {
    "no owner": a_pod(),
    "an owner that is not its controller": a_pod(owner=owner_of_pod(controller=False)),
    "another Job's uid": a_pod(owner=owner_of_pod(uid="job-of-somebody")),
    "another Job's name": a_pod(owner=owner_of_pod(name="anything")),
    "a ReplicaSet of that name": a_pod(owner=owner_of_pod(kind="ReplicaSet")),
    "another attempt's Job": a_pod(owner=owner_of_pod(6)),
    "another namespace": replace(a_pod(owner=owner_of_pod()), namespace="elsewhere"),
    "another RenderJob's label": replace(a_pod(owner=owner_of_pod()), owner="uid-of-another"),
}


def believed(pods: list[PodView], jobs: list[JobView]) -> list[PodView]:
    return our_pods("uid-of-the-shot", "film", jobs, pods)


def test_a_pod_that_our_job_owns_is_believed():
    pod = a_pod(owner=owner_of_pod())
    assert believed([pod], [a_job()]) == [pod]


@pytest.mark.parametrize("pod", FORGED.values(), ids=FORGED)
def test_a_pod_that_only_has_our_labels_is_not(pod):
    assert believed([pod], [a_job(), a_job(6)]) == []


def test_a_pod_whose_job_is_gone_is_known_by_the_name_that_its_job_had():
    """Another attempt must not begin while it still runs, and nobody knows its Job's uid any more."""
    pod = a_pod(owner=owner_of_pod())
    assert believed([pod], []) == [pod]
    assert believed([a_pod(owner=owner_of_pod(name="anything"))], []) == []


@pytest.mark.parametrize(
    "view",
    [
        a_job(owner={"kind": "RenderJob", "uid": "uid-of-another", "controller": True}),
        a_job(owner={"kind": "RenderJob", "uid": "uid-of-the-shot", "controller": False}),
        a_job(name="anything"),
        a_job(name=child_name(shot(), 8)),
        replace(a_job(), namespace="elsewhere"),
    ],
    ids=["another's", "not its controller", "another name", "another attempt's name", "another namespace"],
)
def test_a_job_is_ours_by_owner_name_and_namespace(view):
    assert our_jobs("uid-of-the-shot", "film", [view]) == []
    assert our_jobs("uid-of-the-shot", "film", [a_job()]) == [a_job()]


class Listed:
    """An informer that has listed some views."""

    def __init__(self, *views: Any) -> None:
        self.synced = asyncio.Event()
        self.synced.set()
        self._views = views

    def subscribe(self, handler: object) -> None:
        del handler

    def indexed(self, value: str) -> list[Any]:
        return [view for view in self._views if view.owner == value]


@pytest.mark.parametrize("pod", FORGED.values(), ids=FORGED)
def test_what_a_forged_pod_says_is_in_no_observation(pod):
    """It neither answers for an attempt nor makes one up that others would wait for."""

    async def look(*pods: PodView) -> Any:
        executor = KubernetesExecutor(
            None,  # type: ignore[arg-type]
            jobs=Listed(a_job()),  # type: ignore[arg-type]
            pods=Listed(*pods),  # type: ignore[arg-type]
            limiter=WriteLimiter(),
            image="",
        )
        return await executor.observe(shot())

    stranger = replace(pod, attempt_id=99, uid="another", job_name="x")
    honest = asyncio.run(look())
    assert asyncio.run(look(pod, stranger)) == honest
    (attempt,) = honest.attempts
    assert (attempt.id, attempt.phase, attempt.node) == (7, Phase.RUNNING, "")
