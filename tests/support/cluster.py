"""A farm in a cluster for tests: a namespace, the operator that works in it, and RenderJobs, as JSON."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import ControlPlane
from harness.api import ApiError
from harness.audit import Request
from harness.waiting import PATIENCE, until

from .jobs import manifest
from .kube import told
from .operator_process import OperatorProcess

Object = dict[str, Any]

AGENT = "renderjob-operator"
"""What the operator's requests say of who makes them; kopf's say that they are kopf's."""

NOW = {"backoff": {"initial": "0s"}}
"""Retries without a wait."""

TERMINAL = ("Completed", "Failed", "Cancelled")


class ClusterFarm:
    """RenderJobs in a namespace, as kubectl sees them."""

    def __init__(self, plane: ControlPlane, namespace: str, operator: OperatorProcess) -> None:
        self.plane = plane
        self.namespace = namespace
        self.operator = operator

    # -- what a user does -------------------------------------------------------------------------------------

    def manifest(
        self, name: str = "", *, labels: dict[str, str] | None = None, kwok: Object | None = None, **spec: Any
    ) -> Object:
        """A RenderJob with a name of its own. `kwok` says what its pods come to, as `told` takes it."""
        body = manifest(name or f"shot-{uuid.uuid4().hex[:8]}", **spec)
        body["metadata"] |= {"namespace": self.namespace, **({"labels": labels} if labels else {})}
        pod = body["spec"]["template"]
        if kwok:
            pod.setdefault("metadata", {}).setdefault("annotations", {}).update(told(**kwok))
        pod["spec"]["containers"][0].setdefault("image", "example/none:1")
        body["spec"]["retries"] = {**NOW, **body["spec"].get("retries", {})}
        return body

    def create(self, body: Object) -> str:
        """Create a RenderJob as it stands. Returns its name."""
        self.plane.api("POST", self.url(), body)
        return str(body["metadata"]["name"])

    def submit(self, name: str = "", **options: Any) -> str:
        """Create what `manifest` makes. Returns its name."""
        return self.create(self.manifest(name, **options))

    def patch(self, name: str, body: Object) -> Object:
        """Merge-patch a RenderJob."""
        return self.plane.api("PATCH", self.url(name), body, "application/merge-patch+json")

    def edit(self, name: str, **spec: Any) -> None:
        """Merge-patch its spec."""
        self.patch(name, {"spec": spec})

    def delete(self, name: str) -> None:
        """Delete a RenderJob."""
        self.plane.api("DELETE", self.url(name))

    # -- what a user sees -------------------------------------------------------------------------------------

    def url(self, name: str = "") -> str:
        below = f"/{name}" if name else ""
        return f"/apis/renderjob.dev/v1alpha1/namespaces/{self.namespace}/renderjobs{below}"

    def get(self, name: str) -> Object:
        """The RenderJob, as the API server has it."""
        return self.plane.api("GET", self.url(name))

    def status(self, name: str) -> Object:
        """Its status."""
        status: Object = self.get(name)["status"]
        return status

    def condition(self, name: str, kind: str) -> Object:
        """A condition of it; empty when it has none of this type."""
        return next((c for c in self.status(name).get("conditions", []) if c["type"] == kind), {})

    def reached(
        self, name: str, fits: Callable[[Object], object], what: str = "", patience: float = PATIENCE
    ):
        """Wait until its status fits; the status."""
        seen: list[Object] = []

        def there() -> bool:
            assert self.operator.alive, "the operator ended"
            seen[:] = [self.status(name)]
            try:
                return bool(fits(seen[0]))
            except KeyError:
                return False

        try:
            until(there, what, patience)
        except AssertionError as error:
            found = json.dumps(seen)
            raise AssertionError(f"{error}: {found}\n{self.operator.said()[-4000:]}") from None
        return seen[0]

    def end(self, name: str, patience: float = PATIENCE) -> Object:
        """Wait until it is at its end; its status."""
        return self.reached(name, lambda s: s["state"] in TERMINAL, f"for the end of {name}", patience)

    def run(self, name: str = "", **options: Any) -> Object:
        """Create one and wait for its end; its status."""
        return self.end(self.submit(name, **options))

    def jobs(self, name: str, **labels: str) -> list[Object]:
        """Its Jobs, the oldest attempt first; with these labels of ours."""
        return self._children("/apis/batch/v1", "jobs", name, labels)

    def pods(self, name: str, **labels: str) -> list[Object]:
        """Its pods."""
        return self._children("/api/v1", "pods", name, labels)

    def _children(self, group: str, kind: str, name: str, labels: dict[str, str]) -> list[Object]:
        wanted = {"job": name, **labels}
        selector = "%2C".join(f"renderjob.dev/{k.replace('_', '-')}%3D{v}" for k, v in wanted.items())
        path = f"{group}/namespaces/{self.namespace}/{kind}?labelSelector={selector}"
        items: list[Object] = self.plane.api("GET", path)["items"]
        return sorted(items, key=lambda item: int(item["metadata"]["labels"]["renderjob.dev/attempt-id"]))

    def running(self, name: str, count: int = 1, **labels: str) -> list[Object]:
        """Wait until so many of its pods run; the pods."""

        def found() -> list[Object] | None:
            pods = [p for p in self.pods(name, **labels) if p["status"].get("phase") == "Running"]
            return pods if len(pods) >= count else None

        pods = until(found, f"for {count} pods of {name} to run")
        assert pods is not None
        return pods

    def events(self, name: str) -> list[tuple[str, str]]:
        """Type and reason of the events about it, in the order in which they were told."""
        uid = self.get(name)["metadata"]["uid"]
        path = f"/api/v1/namespaces/{self.namespace}/events?fieldSelector=involvedObject.uid%3D{uid}"
        items = sorted(
            self.plane.api("GET", path)["items"], key=lambda e: int(e["metadata"]["resourceVersion"])
        )
        return [(event["type"], event["reason"]) for event in items]

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Kubectl in this namespace."""
        return self.plane.kubectl("-n", self.namespace, *arguments, input=text)

    def requests(self, since: str, agent: str = AGENT) -> list[Request]:
        """What the operator asked for in this namespace since a mark of the audit."""
        return [r for r in self.plane.audit(since=since, agent=agent) if r.namespace == self.namespace]

    def gone(self, name: str) -> None:
        """Wait until nothing is left of it: no RenderJob, no Job, no pod."""

        def there() -> bool:
            try:
                self.get(name)
            except ApiError as error:
                return error.code != 404 or bool(self.jobs(name) or self.pods(name))
            return True

        until(lambda: not there(), f"for {name} and its children to be gone")


@contextmanager
def cluster_farm(
    plane: ControlPlane,
    namespace: str,
    directory: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[ClusterFarm]:
    """A farm with an operator of its own at work; an operator that ended by itself fails the test."""
    log = directory / f"operator-{re.sub('[^a-z0-9]', '', namespace)[-12:]}.log"
    operator = OperatorProcess(plane.kubeconfig, namespace, log, *arguments, environment=environment)
    farm = ClusterFarm(plane, namespace, operator)
    farm.operator.start()
    try:
        yield farm
        assert farm.operator.alive, farm.operator.said()[-4000:]
    finally:
        farm.operator.stop()
