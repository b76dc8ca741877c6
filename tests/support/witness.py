"""A witness of all pods and Jobs of a namespace: a watch of its own that nobody else's eyes go through."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from harness import ControlPlane
from harness.layout import ADMIN
from harness.waiting import until
from renderjob.frames import EMPTY, FrameSet

Object = dict[str, Any]

KINDS = {"jobs": "/apis/batch/v1", "pods": "/api/v1"}
ENDED = ("Succeeded", "Failed")


@dataclass
class Witness:
    """What was seen."""

    jobs: dict[str, Object] = field(default_factory=dict)
    """All Jobs there ever were, by uid, as they were last."""
    pods: dict[str, Object] = field(default_factory=dict)
    """All pods there ever were."""
    overlaps: list[str] = field(default_factory=list)
    """Frames that two pods of a RenderJob were about at one time."""
    most: int = 0
    """Pods of a RenderJob at one time, at most."""
    heard: set[str] = field(default_factory=set)
    """Names of what is nobody's attempt."""
    _alive: defaultdict[str, dict[str, FrameSet]] = field(default_factory=lambda: defaultdict(dict))
    """Frames of the pods that are not at their end, by RenderJob and by pod."""

    def told(self, resource: str, event: str, thing: Object) -> None:
        """An event of a watch."""
        meta = thing["metadata"]
        if "renderjob.dev/attempt-id" not in meta.get("labels", {}):
            self.heard.add(f"{resource}/{meta['name']}")
            return
        (self.jobs if resource == "jobs" else self.pods)[meta["uid"]] = thing
        if resource == "pods":
            self._pod(event, meta, thing["status"].get("phase"))

    def _pod(self, event: str, meta: Object, phase: str) -> None:
        frames = FrameSet.parse(meta["annotations"]["renderjob.dev/frames"])
        alive = self._alive[meta["labels"]["renderjob.dev/uid"]]
        if event == "DELETED" or phase in ENDED:
            alive.pop(meta["uid"], None)
        elif meta["uid"] not in alive and meta["labels"]["renderjob.dev/kind"] == "render":
            both = frames & FrameSet.union_of([EMPTY, *alive.values()])
            if both:
                self.overlaps.append(f"{both} by {meta['name']}")
            alive[meta["uid"]] = frames
            self.most = max(self.most, len(alive))

    def attempts(self, job: str = "") -> Counter[int]:
        """How many Jobs there were for each attempt id; of one RenderJob."""
        return Counter(int(_label(j, "attempt-id")) for j in _of(self.jobs, job))

    def ended(self, phase: str, job: str = "") -> list[Object]:
        """The pods of chunks that ended so; of one RenderJob."""
        pods = (pod for pod in _of(self.pods, job) if _label(pod, "kind") == "render")
        return [pod for pod in pods if pod["status"].get("phase") == phase]

    def story(self, job: str = "") -> str:
        """All pods that there were, a line each; of one RenderJob."""
        return "\n".join(
            f"{meta['name']} {meta['annotations']['renderjob.dev/frames']} {pod['status'].get('phase')}"
            for pod in _of(self.pods, job)
            for meta in [pod["metadata"]]
        )

    def rendered(self, job: str = "") -> Counter[int]:
        """How often each frame was rendered by a pod that succeeded; of one RenderJob."""
        return Counter(
            frame
            for pod in self.ended("Succeeded", job)
            for frame in FrameSet.parse(pod["metadata"]["annotations"]["renderjob.dev/frames"])
        )


def _label(thing: Object, name: str) -> str:
    return str(thing["metadata"]["labels"][f"renderjob.dev/{name}"])


def _of(things: dict[str, Object], job: str) -> list[Object]:
    return [thing for thing in list(things.values()) if job in ("", _label(thing, "job"))]


@contextmanager
def witness(plane: ControlPlane, namespace: str) -> Iterator[Witness]:
    """Watch while the block runs; whatever breaks the watch makes the test fail."""
    seen, over, broken = Witness(), threading.Event(), []
    connections: list[http.client.HTTPSConnection] = []
    lock = threading.Lock()

    def watch(resource: str, lines: http.client.HTTPResponse) -> None:
        version = ""
        try:
            while not over.is_set():
                for event in _events(lines):
                    version = event["object"]["metadata"]["resourceVersion"]
                    with lock:
                        seen.told(resource, event["type"], event["object"])
                # A server hangs up on who listens too slowly.
                lines = open_watch(resource, version)
        except Exception as error:
            if not over.is_set():
                broken.append(error)

    def open_watch(resource: str, version: str = "") -> http.client.HTTPResponse:
        connection, lines = _watch(plane, f"{KINDS[resource]}/namespaces/{namespace}/{resource}", version)
        connections.append(connection)
        return lines

    threads = [
        threading.Thread(target=watch, args=(resource, open_watch(resource)), daemon=True)
        for resource in KINDS
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
        assert not broken, broken
    finally:
        over.set()
        for connection in connections:
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(2)
        for thread in threads:
            thread.join()
        for connection in connections:
            connection.close()


def _events(lines: http.client.HTTPResponse) -> Iterator[Object]:
    for line in lines:
        event = json.loads(line)
        if event["type"] == "ERROR":
            raise RuntimeError(event["object"])
        yield event


def catch_up(plane: ControlPlane, namespace: str, seen: Witness) -> None:
    """Wait until the witness has heard of all that happened before this call."""
    meta = {"name": f"mark-{uuid.uuid4().hex[:8]}"}
    pod = {"restartPolicy": "Never", "containers": [{"name": "none", "image": "none"}]}
    job = {"suspend": True, "template": {"spec": pod}}
    for resource, spec in (("jobs", job), ("pods", pod)):
        plane.api(
            "POST", f"{KINDS[resource]}/namespaces/{namespace}/{resource}", {"metadata": meta, "spec": spec}
        )
        until(lambda resource=resource: f"{resource}/{meta['name']}" in seen.heard, "for the witness")


def _watch(
    plane: ControlPlane, path: str, version: str
) -> tuple[http.client.HTTPSConnection, http.client.HTTPResponse]:
    server = urlsplit(plane.layout.server)
    context = ssl.create_default_context(cafile=str(plane.layout.authority))
    connection = http.client.HTTPSConnection(server.hostname or "", server.port, context=context)
    headers = {"Authorization": f"Bearer {plane.layout.tokens[ADMIN]}"}
    query = f"watch=true&timeoutSeconds=1800&resourceVersion={version}"
    connection.request("GET", f"{path}?{query}", headers=headers)
    return connection, connection.getresponse()
