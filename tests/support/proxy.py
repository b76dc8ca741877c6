"""A proxy between the operator and its API server: it takes note of every request, and lets chosen ones go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from harness import ControlPlane
from harness.api import ApiError
from harness.waiting import patient
from renderjob.kube.connections import Connector

from .faults import ANSWERED, Fault, What, told, what

Object = dict[str, Any]

RETRY_AFTER = "1"
"""What the server asks to wait when it is busy, in seconds."""

DELAY = 0.7
"""Seconds by which a delayed line is late."""

_STATUS = {
    Fault.ERROR: (500, "InternalError"),
    Fault.UNAVAILABLE: (503, "ServiceUnavailable"),
    Fault.THROTTLED: (429, "TooManyRequests"),
}
_HOP = ("host", "connection", "transfer-encoding", "content-length", "accept-encoding", "content-encoding")
"""Headers that are the connection's, not the request's."""


@dataclass
class Asked:
    """A request, as the proxy saw it."""

    what: What
    came: int
    """When it came, in the order of all that came and was done."""
    at: float
    """The same in seconds of a clock that only grows."""
    path: str
    body: Object
    fault: Fault | None = None
    done: int | None = None
    """When the server had answered; None while it has not."""
    code: int = 0
    """The server's answer."""
    answer: Object = field(default_factory=dict)
    """What it said, of a write."""


class Proxy:
    """See the module. What happens in it happens in a thread of its own."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._order = itertools.count(1)
        self._seen: Counter[What] = Counter()
        self._planned: dict[tuple[What, int], Fault] = {}
        self._session: aiohttp.ClientSession | None = None
        self.asked: list[Asked] = []
        """All requests, in the order in which they came."""
        self.hits: dict[tuple[What, int], Fault] = {}
        """What went wrong: which request of its kind, counted from 1."""
        self.kill: Callable[[], None] = lambda: None
        """Kills the client."""
        self.url = ""

    def plan(self, kind: str, job: str, position: int, fault: Fault) -> None:
        """Let the so many-th request, or line of a watch, of a kind go wrong."""
        self._planned[What(kind, job), position] = fault

    def of(self, job: str, kind: str = "") -> list[Asked]:
        """The requests about a RenderJob, of one kind."""
        return [a for a in self.asked if a.what.job == job and kind in ("", a.what.kind)]

    def _due(self, about: What) -> Fault | None:
        self._seen[about] += 1
        place = (about, self._seen[about])
        fault = self._planned.get(place)
        if fault is not None:
            self.hits[place] = fault
        return fault

    # -- requests ---------------------------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        text = await request.read()
        body = json.loads(text) if text else {}
        path = request.raw_path
        asked = Asked(what(request.method, path, body), next(self._order), time.monotonic(), path, body)
        asked.fault = self._due(asked.what)
        self.asked.append(asked)
        if asked.fault in ANSWERED:
            return _refuse(request, asked.fault)
        if asked.fault is Fault.RIVAL:
            await asyncio.to_thread(self._rival, asked)
        watch = asked.what.kind.startswith("watch")
        if watch and asked.fault is Fault.LATE:
            await _client_gone(request)
            return web.Response()
        assert self._session is not None
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
        url = URL(self._plane.layout.server + path, encoded=True)
        async with self._session.request(request.method, url, data=text or None, headers=headers) as answer:
            if watch and answer.status == 200:
                return await self._relay(request, answer, asked.what.kind.removeprefix("watch "))
            content = await answer.read()
            kept = {k: v for k, v in answer.headers.items() if k in ("Content-Type", "Retry-After")}
        self._done(asked, answer.status, content)
        if asked.fault is Fault.KILLED:
            self.kill()
        if asked.fault in (Fault.LOST, Fault.KILLED):
            return _reset(request)
        if asked.fault is Fault.LATE:
            await _client_gone(request)
        return web.Response(status=answer.status, body=content, headers=kept)

    def _done(self, asked: Asked, code: int, content: bytes) -> None:
        asked.code = code
        if asked.what.kind.partition(" ")[0] in ("create", "patch", "delete"):
            asked.answer = json.loads(content)
        asked.done = next(self._order)

    def _rival(self, asked: Asked) -> None:
        """Write as admin what makes the request come too late."""
        verb, path = asked.what.kind.partition(" ")[0], asked.path.partition("?")[0]
        with contextlib.suppress(ApiError):
            if verb == "create":
                self._plane.api("POST", path, asked.body)
            elif verb == "delete":
                self._plane.api("DELETE", path, asked.body)
            else:
                mark = {"metadata": {"annotations": {"rival": str(asked.came)}}}
                self._plane.api("PATCH", path.removesuffix("/status"), mark, "application/merge-patch+json")

    # -- watches ----------------------------------------------------------------------------------------------

    async def _relay(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse, resource: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            async for line in _lines(answer, request):
                match self._due(told(resource, line)):
                    case Fault.GONE:
                        await response.write(_gone())
                        return response
                    case Fault.CUT:
                        await response.write(line[: len(line) // 2])
                        return _reset(request)
                    case Fault.TORN:
                        await response.write(line[: len(line) // 2])
                        return response
                    case Fault.SILENT:
                        await _client_gone(request)
                        return response
                    case Fault.DROPPED:
                        continue
                    case Fault.TWICE:
                        await response.write(line)
                    case Fault.DELAYED:
                        await asyncio.sleep(DELAY)
                await response.write(line)
        return response

    # -- life -------------------------------------------------------------------------------------------------

    async def serve(self, ready: Callable[[asyncio.Event], None]) -> None:
        """Answer until the event that `ready` was given is set."""
        over = asyncio.Event()
        context = ssl.create_default_context(cafile=str(self._plane.layout.authority))
        connector = Connector(ssl=context, limit=0)
        patience = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=patience) as self._session:
            runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            ready(over)
            await over.wait()
            await runner.cleanup()


def _refuse(request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
    if fault is Fault.REFUSED:
        return _reset(request)
    code, reason = _STATUS[fault]
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    headers = {} if fault is Fault.ERROR else {"Retry-After": RETRY_AFTER}
    return web.json_response({**status, "message": f"a fault: {fault}"}, status=code, headers=headers)


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    """Let the client see a connection reset; what is returned reaches nobody."""
    transport = request.transport
    if transport is not None:
        one: socket.socket = transport.get_extra_info("socket")
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _client_gone(request: web.BaseRequest) -> None:
    """Wait until the client hangs up."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(0.05)


async def _lines(answer: aiohttp.ClientResponse, request: web.BaseRequest) -> AsyncIterator[bytes]:
    """The lines of a watch, with their newlines, while the client listens."""
    rest = b""
    async for piece in answer.content.iter_any():
        if request.transport is None:
            return
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"


def _gone() -> bytes:
    status = {
        "kind": "Status",
        "code": 410,
        "reason": "Expired",
        "message": "too old resource version: 1 (2)",
    }
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"


@contextmanager
def proxy(plane: ControlPlane) -> Iterator[Proxy]:
    """A proxy to a control plane while the block runs."""
    one, ready = Proxy(plane), threading.Event()
    ends: list[Callable[[], None]] = []

    def is_ready(over: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(over.set))
        ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(one.serve(is_ready)), daemon=True)
    thread.start()
    assert ready.wait(patient()), "the proxy does not start"
    try:
        yield one
    finally:
        ends[0]()
        thread.join()


def kubeconfig(one: Proxy, plane: ControlPlane, file: Path) -> Path:
    """A kubeconfig that leads through a proxy."""
    text = plane.kubeconfig.read_text()
    assert plane.layout.server in text
    file.write_text(text.replace(plane.layout.server, one.url))
    return file
