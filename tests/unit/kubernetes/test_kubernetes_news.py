"""What is told of Jobs and pods: what decides something is looked at at once, the rest together, within a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from renderjob.api import RenderJob
from renderjob.core import Stop, StopReason
from renderjob.executors.kubernetes import KubernetesExecutor
from renderjob.executors.kubernetes.names import child_name
from renderjob.executors.kubernetes.news import SOON
from renderjob.executors.kubernetes.views import JobView, PodView, read_job_view, read_pod_view
from renderjob.kube import ApiError, WriteLimiter
from support.fake_api import refusal
from support.jobs import job
from support.virtual_time import in_virtual_time


class Known:
    """An informer of what a test tells it."""

    def __init__(self) -> None:
        self.synced = asyncio.Event()
        self.views: dict[str, Any] = {}
        self.handler: Callable[[str, Any, Any], None] = lambda *_: None

    def subscribe(self, handler: Callable[[str, Any, Any], None]) -> None:
        self.handler = handler

    def indexed(self, owner: str) -> list[Any]:
        return [view for view in self.views.values() if view.owner == owner]

    def tell(self, view: JobView | PodView) -> None:
        """It is there now, or is another now."""
        old = self.views.get(view.uid)
        self.views[view.uid] = view
        self.handler("MODIFIED" if old else "ADDED", old, view)

    def note(self, raw: dict[str, Any]) -> Any:
        view = self.views[raw["metadata"]["uid"]] = read_job_view(raw)
        return view

    def note_deleted(self, uid: str) -> None:
        del self.views[uid]

    def tell_gone(self, uid: str) -> None:
        self.handler("DELETED", self.views.pop(uid), None)


class Late:
    """An API server whose Jobs are deleted, or have ended, by the time that anybody writes to them."""

    async def delete(self, path: str, **_: Any) -> None:
        raise ApiError.from_status(refusal(404, "NotFound"))

    async def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "metadata": meta("job-1", 1),
            "status": {"conditions": [{"type": "Complete", "status": "True"}]},
        }


class Farm:
    """An executor, what it hears of, and when it asked for looks."""

    def __init__(self) -> None:
        self.jobs, self.pods = Known(), Known()
        self.jobs.synced.set()
        self.pods.synced.set()
        self.looks: list[float] = []
        self.executor = KubernetesExecutor(
            Late(),  # type: ignore[arg-type]
            jobs=self.jobs,  # type: ignore[arg-type]
            pods=self.pods,  # type: ignore[arg-type]
            limiter=WriteLimiter(),
            image="",
        )
        self.executor.subscribe(lambda _: self.looks.append(asyncio.get_running_loop().time()))


def shot() -> RenderJob:
    plain = job()
    metadata = plain.metadata.model_copy(update={"uid": "shot", "namespace": "film"})
    return plain.model_copy(update={"metadata": metadata})


def meta(uid: str, attempt: int, name: str = "", owner: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "uid": uid,
        "namespace": "film",
        "name": name or child_name(shot(), attempt),
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"renderjob.dev/attempt-id": str(attempt), "renderjob.dev/uid": "shot"},
        "ownerReferences": [{"kind": "RenderJob", "uid": "shot", **(owner or {}), "controller": True}],
    }


def a_job(attempt: int = 1) -> JobView:
    view = read_job_view({"metadata": meta(f"job-{attempt}", attempt)})
    assert view is not None
    return view


def a_pod(attempt: int = 1, phase: str = "Pending", job: str = "") -> PodView:
    owner = {"kind": "Job", "uid": job or f"job-{attempt}", "name": child_name(shot(), attempt)}
    view = read_pod_view(
        {"metadata": meta(f"pod-{attempt}", attempt, "a-pod", owner), "status": {"phase": phase}}
    )
    assert view is not None
    return view


def played(scenario: Callable[[Farm], Coroutine[Any, Any, None]]) -> list[float]:
    """When looks were asked for."""

    async def play() -> list[float]:
        farm = Farm()
        await farm.executor.observe(shot())
        await scenario(farm)
        await asyncio.sleep(10)
        return farm.looks

    return in_virtual_time(play())


def test_of_pods_on_their_way_all_is_looked_at_together():
    async def scenario(farm: Farm) -> None:
        for attempt in range(1, 6):
            farm.jobs.tell(a_job(attempt))
            farm.pods.tell(a_pod(attempt))
            await asyncio.sleep(SOON / 10)
            farm.pods.tell(replace(a_pod(attempt), node="n1"))

    assert played(scenario) == [SOON]


def test_the_end_of_a_job_is_looked_at_at_once_and_its_pod_s_is_not():
    async def scenario(farm: Farm) -> None:
        farm.jobs.tell(a_job())
        farm.pods.tell(a_pod(phase="Running"))
        await asyncio.sleep(2 * SOON)
        farm.looks.clear()
        farm.pods.tell(a_pod(phase="Succeeded"))
        assert farm.looks == []
        farm.jobs.tell(replace(a_job(), complete=True))
        assert farm.looks == [2 * SOON]

    played(scenario)


def test_a_job_that_somebody_deletes_is_looked_at_at_once():
    async def scenario(farm: Farm) -> None:
        farm.jobs.tell(a_job())
        farm.jobs.tell_gone("job-1")
        assert farm.looks == [0]

    played(scenario)


def test_the_end_of_a_pod_without_a_job_makes_room_and_its_removal_does_not():
    async def scenario(farm: Farm) -> None:
        farm.pods.tell(a_pod(phase="Running"))
        assert farm.looks == []
        await asyncio.sleep(2)
        farm.pods.tell(a_pod(phase="Failed"))
        farm.pods.tell_gone("pod-1")

    assert played(scenario) == [SOON, 2]


def test_a_pod_that_is_gone_before_it_was_seen_to_end_makes_room():
    async def scenario(farm: Farm) -> None:
        farm.pods.tell(a_pod(phase="Running"))
        farm.pods.tell_gone("pod-1")
        assert farm.looks == [0]

    played(scenario)


def test_what_the_answer_to_a_write_tells_first_is_looked_at_at_once():
    """The watch tells of it later, and then it is no news."""

    async def deleted(farm: Farm) -> None:
        farm.jobs.tell(a_job())
        await farm.executor.perform(shot(), [Stop(1, StopReason.CANCEL)])
        assert farm.jobs.views == {}

    async def ended(farm: Farm) -> None:
        farm.jobs.tell(a_job())
        await farm.executor.perform(shot(), [Stop(1, StopReason.TIMED_OUT)])
        assert farm.jobs.views["job-1"].complete

    assert played(deleted)[0] == 0
    assert played(ended)[0] == 0


def test_news_after_a_look_asks_for_another():
    async def scenario(farm: Farm) -> None:
        farm.jobs.tell(a_job())
        await asyncio.sleep(3)
        farm.pods.tell(a_pod())

    assert played(scenario) == [SOON, 3 + SOON]


def test_of_a_pod_that_only_says_that_it_is_ours_nothing_is_news():
    async def scenario(farm: Farm) -> None:
        farm.jobs.tell(a_job())
        await asyncio.sleep(3)
        for forged in (
            a_pod(phase="Running", job="job-of-another"),
            replace(a_pod(phase="Running"), namespace="elsewhere"),
            replace(a_pod(2, phase="Running"), job="", job_name=""),
        ):
            farm.pods.tell(forged)
            farm.pods.tell(replace(forged, phase="Failed", disrupted=True))
            farm.pods.tell_gone(forged.uid)

    assert played(scenario) == [SOON]
