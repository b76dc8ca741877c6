"""Sites: where attempts run, for what every executor must do. This machine, an imitation of a cluster, and a real one.

A site outlives the executors that work in it: the next one finds what is there.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from harness.waiting import patient
from renderjob.api import RenderJob
from renderjob.core import Attempt, Kind, Start
from renderjob.executors.kubernetes import KubernetesExecutor, job_informer, pod_informer
from renderjob.executors.local import LocalExecutor, Store
from renderjob.executors.slots import SharedSlots
from renderjob.frames import FrameSet
from renderjob.kube import Informer, KubeApi, WriteLimiter
from renderjob.manager import JobExecutor

from .fake_api import FakeApi, refusal
from .jobs import manifest
from .kube import told
from .local import local_job, processes_of

EXIT_CODE = 33
"""Of an attempt that fails."""

LAST_WORDS = "the scene is broken"
"""What it says."""


STOPPED = 143
"""The exit code of one that was asked to end."""

GRACE = 60
"""Seconds that it has for that."""


class Does(StrEnum):
    """What the attempts of a job come to."""

    SUCCEED = "succeed"
    FAIL = "fail"
    """With EXIT_CODE and LAST_WORDS."""
    RUN = "hang"
    """They run until they are stopped."""
    UNABLE = "unable"
    """They can't be started: the manifest asks for what can't be had."""


def attempt(id_: int = 1) -> Attempt:
    """An attempt at one frame."""
    return Attempt(id_, Kind.RENDER, FrameSet.parse(str(id_)), chunk=id_, chunks=9, number=1)


class Site(Protocol):
    """Where attempts run."""

    def executor(self) -> AbstractAsyncContextManager[JobExecutor]:
        """A new executor, which knows nothing of others before it."""

    async def submit(self, name: str, does: Does = Does.RUN, **spec: Any) -> RenderJob:
        """A job, with a uid."""

    async def remove(self, job: RenderJob) -> None:
        """Somebody deletes it."""

    async def began(self, job: RenderJob) -> list[str]:
        """The workloads that were begun for it, by name; of those whose attempt was forgotten maybe none."""

    async def busy(self, job: RenderJob) -> bool:
        """Whether anything of it runs, or is going to."""

    async def left(self, job: RenderJob) -> list[str]:
        """What is left of it, by name."""

    async def held_up(self, executor: JobExecutor) -> RenderJob:
        """A job whose attempts have to wait; of a site where attempts may."""


class Machine:
    """The machine that the tests run on."""

    def __init__(self, directory: Path) -> None:
        self._home, self._store = directory / "home", Store(directory / "store")
        self._home.mkdir()

    @asynccontextmanager
    async def executor(self) -> AsyncIterator[JobExecutor]:
        async with LocalExecutor(self._store) as executor:
            yield executor

    async def submit(self, name: str, does: Does = Does.RUN, **spec: Any) -> RenderJob:
        ends = {
            Does.SUCCEED: "exit 0",
            Does.FAIL: f"echo {LAST_WORDS}; exit {EXIT_CODE}",
            Does.RUN: f"trap 'exit {STOPPED}' TERM; while true; do sleep 0.02; done",
        }
        script = f"echo $RENDER_FRAMES >> began-$RENDER_JOB_UID; {ends.get(does)}"
        command = ["no-such-program"] if does is Does.UNABLE else ["sh", "-c", script]
        job = local_job(self._home, command, name, grace=GRACE, **spec)
        identity = {"uid": str(uuid.uuid4()), "generation": 1}
        return job.model_copy(update={"metadata": job.metadata.model_copy(update=identity)})

    async def remove(self, job: RenderJob) -> None:
        """Its repository forgets it, which is none of an executor's."""

    async def began(self, job: RenderJob) -> list[str]:
        file = self._home / f"began-{job.metadata.uid}"
        return file.read_text().split() if file.exists() else []

    async def busy(self, job: RenderJob) -> bool:
        return bool(processes_of(job.metadata.uid))

    async def left(self, job: RenderJob) -> list[str]:
        place = self._store.job(job.metadata.uid)
        running = [f"process {process.pid}" for process in processes_of(job.metadata.uid)]
        return running + ([str(place)] if place.exists() else [])

    async def held_up(self, executor: JobExecutor) -> RenderJob:
        raise NotImplementedError("no attempt waits here")


class SharedMachine(Machine):
    """The same, whose room several jobs share."""

    @asynccontextmanager
    async def executor(self) -> AsyncIterator[JobExecutor]:
        async with super().executor() as executor:
            yield SharedSlots(executor)

    async def held_up(self, executor: JobExecutor) -> RenderJob:
        other, job = await self.submit("other", parallelism=1), await self.submit("shot", parallelism=1)
        await executor.observe(other)
        await executor.perform(other, [Start(attempt())])
        return job


class ACluster:
    """A cluster behind an API server."""

    def __init__(self, api: KubeApi, namespace: str, server: FakeApi | None = None) -> None:
        """`server` is that of an imitation, which accepts whatever it is not told to refuse."""
        self._api, self._namespace, self._server = api, namespace, server

    @asynccontextmanager
    async def executor(self) -> AsyncIterator[JobExecutor]:
        jobs, pods = job_informer(self._api, self._namespace), pod_informer(self._api, self._namespace)
        executor = KubernetesExecutor(
            self._api, jobs=jobs, pods=pods, limiter=WriteLimiter(), image="example/renderjob:1"
        )
        async with AsyncExitStack() as stack:
            for informer in (jobs, pods):
                await stack.enter_async_context(_running(informer))
            yield executor

    async def submit(self, name: str, does: Does = Does.RUN, **spec: Any) -> RenderJob:
        return await self._create(name, str(does), **spec)

    async def _create(self, name: str, outcome: str, **spec: Any) -> RenderJob:
        body = manifest(name, **spec)
        body["metadata"]["namespace"] = self._namespace
        template = body["spec"]["template"]
        container = template["spec"]["containers"][0] | {"image": "example/none:1"}
        template["spec"]["containers"] = [container]
        if outcome == Does.UNABLE:
            container["volumeMounts"] = [{"name": "nowhere", "mountPath": "/renders"}]
            if self._server is not None:
                words = "spec.template.spec.containers[0].volumeMounts[0].name: Not found"
                self._server.fail(422, refusal(422, "Invalid", words), matches=_creates_job, times=1000)
        else:
            annotations = told(outcome=outcome, exit_code=str(EXIT_CODE), message=LAST_WORDS)
            template["metadata"] = {"annotations": annotations}
        return RenderJob.model_validate(await self._api.create(self._path("renderjobs"), body))

    async def remove(self, job: RenderJob) -> None:
        await self._api.delete(f"{self._path('renderjobs')}/{job.metadata.name}", uid=job.metadata.uid)

    async def began(self, job: RenderJob) -> list[str]:
        return [each["metadata"]["name"] for each in await self._children("jobs", job)]

    async def busy(self, job: RenderJob) -> bool:
        pods = await self._children("pods", job)
        return any(pod.get("status", {}).get("phase") not in ("Succeeded", "Failed") for pod in pods)

    async def left(self, job: RenderJob) -> list[str]:
        children = [*await self._children("jobs", job), *await self._children("pods", job)]
        return [each["metadata"]["name"] for each in children]

    async def held_up(self, executor: JobExecutor) -> RenderJob:
        return await self._create("shot", "image-pull")

    async def _children(self, kind: str, job: RenderJob) -> list[dict[str, Any]]:
        selector = f"renderjob.dev/uid={job.metadata.uid}"
        items: list[dict[str, Any]] = (await self._api.get(self._path(kind), labelSelector=selector))["items"]
        return items

    def _path(self, kind: str) -> str:
        groups = {"jobs": "/apis/batch/v1", "pods": "/api/v1", "renderjobs": "/apis/renderjob.dev/v1alpha1"}
        return f"{groups[kind]}/namespaces/{self._namespace}/{kind}"


def _creates_job(request: Any) -> bool:
    return bool(request.method == "POST" and request.path.endswith("/jobs"))


@asynccontextmanager
async def _running(informer: Informer[Any]) -> AsyncIterator[None]:
    task = asyncio.create_task(informer.run())
    try:
        await asyncio.wait_for(informer.synced.wait(), patient())
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
