"""FakeApi: an API server in this process, true to the real one in what a client has to cope with.

It keeps objects of any kind, lists them in pages, watches with bookmarks, checks preconditions, and forgets
old versions; `writes.py` says what it makes of a write. On demand it refuses, drops, hangs and falls silent.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from harness.waiting import patient
from renderjob.kube import Cluster, KubeApi
from renderjob.kube.mergepatch import apply

from .writes import RefusedError, created, replaced, updated

Object = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """What a path names: a collection, or an object in it."""

    collection: str
    namespace: str | None
    name: str | None = None
    sub: str | None = None

    @classmethod
    def of(cls, path: str) -> Place:
        head, *rest = path.strip("/").split("/")
        group = [head, rest.pop(0)] + ([rest.pop(0)] if head == "apis" else [])
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        return cls("/".join([*group, rest[0]]), namespace, *rest[1:3])


@dataclass
class Request:
    """What a client asked."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]

    @property
    def is_watch(self) -> bool:
        return "watch" in self.query

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and not self.is_watch and Place.of(self.path).name is None


@dataclass
class Fault:
    """An answer in the place of the right one."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    matches: Callable[[Request], bool] = lambda _: True
    times: int = 1
    drop: bool = False
    hang: bool = False


def refusal(code: int, reason: str, message: str = "no", **details: Any) -> Object:
    """A Status as the API server writes it."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    }


class FakeApi:
    """`async with FakeApi() as server`; `server.api()` is a client of it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.version = 1000
        self.token: str | None = None
        self.documents: dict[str, Object] = {}
        """What is answered to a GET of these paths, such as what there is in an API group."""
        self._objects: dict[tuple[str, str, str], Object] = {}
        self._history: deque[tuple[int, str, str, Object]] = deque()
        self._forgotten = 0
        self._snapshots: dict[int, list[Object]] = {}
        self._watchers: dict[asyncio.Queue[bytes | None], tuple[Place, Request]] = {}
        self._transports: set[asyncio.Transport] = set()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> FakeApi:
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end_watches()
        assert self._runner is not None
        await self._runner.cleanup()

    def cluster(self) -> Cluster:
        return Cluster(Configuration(host=self.url), "default", "a test")

    def api(self, **options: Any) -> KubeApi:
        return KubeApi(self.cluster(), **options)

    # What a test does to the server --------------------------------------------------------------------

    def put(self, collection: str, name: str, namespace: str = "default", **fields: Any) -> Object:
        """Create or replace an object, as somebody else would; returns it."""
        key = (collection, namespace, name)
        new = {**fields, "metadata": {"name": name, **fields.get("metadata", {})}}
        return self._store(key, replaced(collection, self._objects.get(key), new, namespace))

    def find(self, collection: str, name: str, namespace: str = "default") -> Object | None:
        """An object as it is now."""
        return self._objects.get((collection, namespace, name))

    def remove(self, collection: str, name: str, namespace: str = "default") -> Object:
        """Delete an object, as somebody else would; returns it with the version of the deletion."""
        gone = dict(self._objects.pop((collection, namespace, name)))
        return self._happen("DELETED", collection, gone)

    def say(self, line: Object | bytes) -> None:
        """Send a line to every watch, whatever it says."""
        data = line if isinstance(line, bytes) else json.dumps(line).encode()
        for watcher in self._watchers:
            watcher.put_nowait(data + b"\n")

    def bookmark(self) -> None:
        self.say({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(self.version)}}})

    def forget_history(self) -> None:
        """As a compaction does: who watches from before gets a 410."""
        self._history.clear()
        self._forgotten = self.version

    def end_watches(self) -> None:
        """End every watch cleanly, as after timeoutSeconds."""
        for watcher in self._watchers:
            watcher.put_nowait(None)

    def drop_watches(self) -> None:
        """Cut the connections, muted ones as well, as a load balancer does."""
        for transport in self._transports:
            transport.abort()

    def mute_watches(self) -> None:
        """Keep the connections, and never send anything on them any more."""
        self._watchers.clear()

    def fail(self, status: int, body: Any = None, **options: Any) -> Fault:
        """Answer the next request(s) that match like this."""
        fault = Fault(status, body, **options)
        self.faults.append(fault)
        return fault

    def asked(self, method: str | None = None) -> list[str]:
        return [r.path for r in self.requests if method in {None, r.method}]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; a test's own timeout ends it if it never is."""
        async with asyncio.timeout(patient()):
            while not condition():
                await asyncio.sleep(0.001)

    @property
    def watching(self) -> int:
        return len(self._watchers)

    # The server ----------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        asked = Request(
            request.method,
            request.path,
            dict(request.query),
            json.loads(text) if text else None,
            dict(request.headers),
        )
        self.requests.append(asked)
        for fault in self.faults:
            if fault.times > 0 and fault.matches(asked):
                fault.times -= 1
                return await self._fail(request, fault)
        if self.token is not None and asked.headers.get("Authorization") != f"Bearer {self.token}":
            return _json(401, refusal(401, "Unauthorized", "Unauthorized"))
        if asked.path in self.documents:
            return _json(200, self.documents[asked.path])
        place = Place.of(asked.path)
        if asked.is_watch:
            return await self._watch(request, place, asked)
        answers = {
            "GET": self._get,
            "POST": self._post,
            "PUT": self._update,
            "PATCH": self._update,
            "DELETE": self._delete,
        }
        return answers[asked.method](place, asked)

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.hang:
            await asyncio.sleep(3600)
        if fault.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(fault.body, str):
            return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
        return _json(fault.status, fault.body or refusal(fault.status, ""), fault.headers)

    def _get(self, place: Place, asked: Request) -> web.Response:
        if place.name is not None:
            found = self._objects.get((place.collection, place.namespace or "", place.name))
            return _json(200, found) if found else _json(404, _absent(place))
        if token := asked.query.get("continue"):
            version, start = map(int, token.split("+"))
            if version < self._forgotten:
                return _json(410, refusal(410, "Expired", "the continue token is too old"))
            items = self._snapshots[version]
        else:
            version, start = self.version, 0
            items = [o for k, o in sorted(self._objects.items()) if _shown(place, asked, k[0], o)]
            self._snapshots[version] = items
        limit = int(asked.query.get("limit", 0)) or len(items)
        metadata = {"resourceVersion": str(version)}
        if start + limit < len(items):
            metadata["continue"] = f"{version}+{start + limit}"
        return _json(200, {"kind": "List", "metadata": metadata, "items": items[start : start + limit]})

    def _post(self, place: Place, asked: Request) -> web.Response:
        body: Object = asked.body
        key = (place.collection, place.namespace or "", body["metadata"]["name"])
        if key in self._objects:
            return _json(409, refusal(409, "AlreadyExists", "already exists", name=key[2]))
        return _json(201, self._store(key, created(place.collection, body, key[1])))

    def _update(self, place: Place, asked: Request) -> web.Response:
        key = (place.collection, place.namespace or "", place.name or "")
        old = self._objects.get(key)
        if old is None:
            return _json(404, _absent(place))
        put = asked.method == "PUT"
        wanted = asked.body if put else apply(old, asked.body)
        try:
            new = updated(place.collection, old, wanted, place.sub, put=put)
        except RefusedError as error:
            return _json(error.code, refusal(error.code, error.reason, error.message, causes=error.causes))
        return _json(200, self._store(key, new) if new != old else old)

    def _delete(self, place: Place, asked: Request) -> web.Response:
        key = (place.collection, place.namespace or "", place.name or "")
        old = self._objects.get(key)
        if old is None:
            return _json(404, _absent(place))
        for field_, value in (asked.body or {}).get("preconditions", {}).items():
            if old["metadata"][field_] != value:
                return _json(409, refusal(409, "Conflict", f"the object has another {field_}"))
        self.remove(place.collection, key[2], key[1])
        return _json(200, {"kind": "Status", "status": "Success", "details": {"uid": old["metadata"]["uid"]}})

    async def _watch(self, request: web.Request, place: Place, asked: Request) -> web.StreamResponse:
        since = int(asked.query["resourceVersion"])
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        if since < self._forgotten:
            expired = refusal(410, "Expired", "too old resource version")
            lines.put_nowait(json.dumps({"type": "ERROR", "object": expired}).encode() + b"\n")
            lines.put_nowait(None)
        for version, collection, event, thing in self._history:
            if version > since and _shown(place, asked, collection, thing):
                lines.put_nowait(_line(event, thing))
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self._watchers[lines] = (place, asked)
        transport = request.transport
        assert transport is not None
        self._transports.add(transport)
        try:
            with suppress(ConnectionError):
                while (line := await lines.get()) is not None:
                    await response.write(line)
        finally:
            self._watchers.pop(lines, None)
            self._transports.discard(transport)
        return response

    def _store(self, key: tuple[str, str, str], thing: Object) -> Object:
        event = "MODIFIED" if key in self._objects else "ADDED"
        self._objects[key] = self._happen(event, key[0], thing)
        return self._objects[key]

    def _happen(self, event: str, collection: str, thing: Object) -> Object:
        self.version += 1
        thing = {**thing, "metadata": {**thing["metadata"], "resourceVersion": str(self.version)}}
        self._history.append((self.version, collection, event, thing))
        for watcher, (place, asked) in self._watchers.items():
            if _shown(place, asked, collection, thing):
                watcher.put_nowait(_line(event, thing))
        return thing


def _absent(place: Place) -> Object:
    kind = place.collection.rpartition("/")[2]
    return refusal(404, "NotFound", f'{kind} "{place.name}" not found', kind=kind, name=place.name)


def _shown(place: Place, asked: Request, collection: str, thing: Object) -> bool:
    if collection != place.collection or place.namespace not in {None, thing["metadata"]["namespace"]}:
        return False
    wanted = [pair.partition("=") for pair in asked.query.get("labelSelector", "").split(",") if pair]
    labels = thing["metadata"].get("labels", {})
    return all(key in labels and (not equals or labels[key] == value) for key, equals, value in wanted)


def _line(event: str, thing: Object) -> bytes:
    return json.dumps({"type": event, "object": thing}).encode() + b"\n"


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(body).encode(), headers=headers, content_type="application/json"
    )
