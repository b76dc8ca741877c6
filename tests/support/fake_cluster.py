"""FakeCluster: FakeApi with what makes pods of Jobs, runs them, and removes what nobody owns any more, step by step.

What a pod comes to is told as to the simulated kubelet of tests/harness (`support.kube.told`): `succeed`, `fail` with
an exit code and a message, `hang`, or `image-pull`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from .fake_api import FakeApi, Object

JOBS, PODS = "apis/batch/v1/jobs", "api/v1/pods"

STEP = 0.01
"""Seconds between two steps."""

STOPPED = 143
"""The exit code of a container that was asked to end."""


class FakeCluster(FakeApi):
    """`async with FakeCluster() as server, server.at_work():`."""

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """What is there comes to something."""

        async def work() -> None:
            while True:
                self.step()
                await asyncio.sleep(STEP)

        task = asyncio.create_task(work())
        try:
            yield
            assert not task.done(), task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def step(self) -> None:
        """Each object takes one step at most."""
        there = {thing["metadata"]["uid"] for thing in self._objects.values()}
        for (collection, namespace, name), thing in list(self._objects.items()):
            owners = [owner["uid"] for owner in thing["metadata"].get("ownerReferences", ())]
            if owners and there.isdisjoint(owners):
                self.remove(collection, name, namespace)
            elif collection == JOBS and not thing.get("status", {}).get("conditions"):
                self._control(thing)
            elif collection == PODS and thing["status"]["phase"] in ("Pending", "Running"):
                self._run(thing)

    def _control(self, job: Object) -> None:
        """What the Job controller does."""
        meta, template = job["metadata"], job["spec"]["template"]
        name = f"{meta['name']}-pod"
        pod = self.find(PODS, name, meta["namespace"])
        if pod is None:
            owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
            self.put(
                PODS,
                name,
                meta["namespace"],
                metadata={**template["metadata"], "ownerReferences": [{**owner, "controller": True}]},
                spec={**template["spec"], "nodeName": "node-1"},
                status={"phase": "Pending"},
            )
        elif pod["status"]["phase"] == "Succeeded":
            self._end(job, {"type": "Complete"})
        elif job["spec"].get("activeDeadlineSeconds") == 1:
            # The executor asks for its end like this.
            if pod["status"]["phase"] != "Failed":
                self._terminate(pod, STOPPED, "", deletionTimestamp=_now())
            else:
                self._end(job, {"type": "Failed", "reason": "DeadlineExceeded"})
        elif pod["status"]["phase"] == "Failed":
            self._end(job, {"type": "Failed", "reason": "PodFailurePolicy"})

    def _end(self, job: Object, condition: Object) -> None:
        condition |= {"status": "True", "lastTransitionTime": _now()}
        self._set(JOBS, job, {"conditions": [condition], "completionTime": _now()})

    def _run(self, pod: Object) -> None:
        """What a kubelet does."""
        told = pod["metadata"].get("annotations", {})
        outcome = told.get("kwok.renderjob.dev/outcome", "succeed")
        if pod["status"]["phase"] == "Pending":
            if outcome == "image-pull":
                waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
                self._set(PODS, pod, {"phase": "Pending", **_container(pod, waiting)})
            else:
                running = {"running": {"startedAt": _now()}}
                self._set(PODS, pod, {"phase": "Running", **_container(pod, running)})
        elif outcome == "succeed":
            self._terminate(pod, 0, "")
        elif outcome == "fail":
            code, message = (told.get(f"kwok.renderjob.dev/{each}", "") for each in ("exit-code", "message"))
            self._terminate(pod, int(code or 1), message)

    def _terminate(self, pod: Object, code: int, message: str, **metadata: Any) -> None:
        (container,) = pod["status"].get("containerStatuses") or [{}]
        begun = container.get("state", {}).get("running", {}).get("startedAt", _now())
        ended = {
            "exitCode": code,
            "reason": "Error" if code else "Completed",
            "message": message,
            "startedAt": begun,
            "finishedAt": _now(),
        }
        phase = "Failed" if code else "Succeeded"
        self._set(PODS, pod, {"phase": phase, **_container(pod, {"terminated": ended})}, **metadata)

    def _set(self, collection: str, thing: Object, status: Object, **metadata: Any) -> None:
        meta = thing["metadata"]
        if thing.get("status") != status:
            body = {**thing, "metadata": {**meta, **metadata}, "status": status}
            self._store((collection, meta["namespace"], meta["name"]), body)


def _container(pod: Object, state: Object) -> Object:
    """The status of a pod's one container."""
    (container,) = pod["spec"]["containers"]
    return {"containerStatuses": [{"name": container["name"], "state": state}]}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
