"""A witness of all pods and Jobs of a namespace: a watch of its own that nobody else's eyes go through."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from harness import ControlPlane
from harness.layout import ADMIN
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
    """Frames that two pods were about at one time."""
    most: int = 0
    """Pods at one time, at most."""
    _alive: dict[str, FrameSet] = field(default_factory=dict)

    def told(self, resource: str, event: str, thing: Object) -> None:
        """An event of a watch."""
        meta = thing["metadata"]
        if "renderjob.dev/attempt-id" not in meta.get("labels", {}):
            return
        (self.jobs if resource == "jobs" else self.pods)[meta["uid"]] = thing
        if resource == "pods":
            self._pod(event, meta, thing["status"].get("phase"))

    def _pod(self, event: str, meta: Object, phase: str) -> None:
        frames = FrameSet.parse(meta["annotations"]["renderjob.dev/frames"])
        if event == "DELETED" or phase in ENDED:
            self._alive.pop(meta["uid"], None)
        elif meta["uid"] not in self._alive and meta["labels"]["renderjob.dev/kind"] == "render":
            both = frames & FrameSet.union_of([EMPTY, *self._alive.values()])
            if both:
                self.overlaps.append(f"{both} by {meta['name']}")
            self._alive[meta["uid"]] = frames
            self.most = max(self.most, len(self._alive))

    def attempts(self) -> Counter[int]:
        """How many Jobs there were for each attempt id."""
        return Counter(int(j["metadata"]["labels"]["renderjob.dev/attempt-id"]) for j in self.jobs.values())

    def rendered(self) -> Counter[int]:
        """How often each frame was rendered by a pod that succeeded."""
        return Counter(
            frame
            for pod in self.pods.values()
            if pod["status"].get("phase") == "Succeeded"
            and pod["metadata"]["labels"]["renderjob.dev/kind"] == "render"
            for frame in FrameSet.parse(pod["metadata"]["annotations"]["renderjob.dev/frames"])
        )


@contextmanager
def witness(plane: ControlPlane, namespace: str) -> Iterator[Witness]:
    """Watch while the block runs; whatever breaks the watch makes the test fail."""
    seen, over, broken = Witness(), threading.Event(), []
    connections: list[http.client.HTTPSConnection] = []
    lock = threading.Lock()

    def watch(resource: str, lines: http.client.HTTPResponse) -> None:
        try:
            for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise RuntimeError(event["object"])
                with lock:
                    seen.told(resource, event["type"], event["object"])
            raise RuntimeError("the watch ended")
        except Exception as error:
            if not over.is_set():
                broken.append(error)

    threads = []
    for resource, group in KINDS.items():
        connection, lines = _watch(plane, f"{group}/namespaces/{namespace}/{resource}")
        connections.append(connection)
        threads.append(threading.Thread(target=watch, args=(resource, lines), daemon=True))
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


def _watch(plane: ControlPlane, path: str) -> tuple[http.client.HTTPSConnection, http.client.HTTPResponse]:
    server = urlsplit(plane.layout.server)
    context = ssl.create_default_context(cafile=str(plane.layout.authority))
    connection = http.client.HTTPSConnection(server.hostname or "", server.port, context=context)
    headers = {"Authorization": f"Bearer {plane.layout.tokens[ADMIN]}"}
    connection.request("GET", f"{path}?watch=true&timeoutSeconds=1800", headers=headers)
    return connection, connection.getresponse()
