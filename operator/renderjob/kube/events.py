"""EventRecorder: records what happened to an object, where `kubectl describe` shows it.

Events are news, not state: recording never waits and never fails. Equal ones are counted instead of repeated,
no object may say the same kind of thing without end, and namespaces take turns: a flood of one neither drowns nor
delays what is recorded of another.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from renderjob.primitives import SizedCache

from .api import KubeApi, Object
from .errors import ApiError, KubeError
from .limiter import WriteLimiter

log = logging.getLogger(__name__)

Kind = Literal["Normal", "Warning"]

PENDING = 1000
"""Different events at most that wait to be sent; the oldest of the namespace that has the most make room."""
REMEMBERED = 2 << 20
"""Bytes of events, and of objects' allowances, that are remembered, to count and to limit."""
MESSAGE = 1024
"""Bytes of a message at most."""
BURST = 25
"""Events of one reason that an object may have at once, as in client-go …"""
REFILL = 300.0
"""… and then one more each so many seconds."""


@dataclass(frozen=True, slots=True)
class _What:
    """What makes two events equal."""

    uid: str
    api_version: str
    kind: str
    namespace: str
    name: str
    type: Kind
    reason: str
    message: str


@dataclass(slots=True)
class _Pending:
    count: int
    first: str
    last: str


@dataclass(slots=True)
class _Sent:
    event: str
    count: int


class EventRecorder:
    """Records events; `run` sends them. `component` is who records."""

    def __init__(
        self, api: KubeApi, limiter: WriteLimiter, component: str, instance: str | None = None
    ) -> None:
        self.dropped = 0
        """Events that were not sent: too many of a kind, too many at once, or refused by the server."""
        self._api = api
        self._limiter = limiter
        self._component = component
        self._instance = instance or socket.gethostname()
        self._pending: OrderedDict[str, OrderedDict[_What, _Pending]] = OrderedDict()
        """By namespace; the first is next."""
        self._some = asyncio.Event()
        self._sent: SizedCache[_What, _Sent] = SizedCache(REMEMBERED, lambda what, _: len(what.message))
        self._allowances: SizedCache[tuple[str, str], tuple[float, float]] = SizedCache(
            REMEMBERED, lambda *_: 0
        )
        self._complaint = ""

    def record(self, reference: Mapping[str, str], kind: Kind, reason: str, message: str) -> None:
        """Record what happened to an object: `reference` has its apiVersion, kind, namespace, name and uid.

        Returns at once. `reason` is one of few CamelCase words; `message` a sentence.
        """
        what = _What(
            reference["uid"],
            reference["apiVersion"],
            reference["kind"],
            reference.get("namespace", ""),
            reference["name"],
            kind,
            reason,
            _cut(message),
        )
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not self._allowed(what):
            self.dropped += 1
        elif (pending := self._waiting(what)) is not None:
            pending.count += 1
            pending.last = now
        else:
            self._pending.setdefault(what.namespace, OrderedDict())[what] = _Pending(1, now, now)
            self._make_room()
            self._some.set()

    async def run(self) -> None:
        """Send what is recorded, until cancelled."""
        while True:
            await self._some.wait()
            await self.flush()

    async def flush(self) -> None:
        """Send what waits to be sent; the end of a process bounds it by a timeout."""
        while self._pending:
            what, pending = self._next()
            try:
                await self._send(what, pending)
                self._complaint = ""
            except KubeError as e:
                self.dropped += pending.count
                if str(e) != self._complaint:
                    self._complaint = str(e)
                    log.warning("an event %s of %s/%s is lost: %s", what.reason, what.namespace, what.name, e)
        self._some.clear()

    def _waiting(self, what: _What) -> _Pending | None:
        events = self._pending.get(what.namespace)
        return events.get(what) if events is not None else None

    def _next(self) -> tuple[_What, _Pending]:
        namespace, events = next(iter(self._pending.items()))
        found = events.popitem(last=False)
        if events:
            self._pending.move_to_end(namespace)
        else:
            del self._pending[namespace]
        return found

    def _make_room(self) -> None:
        if sum(map(len, self._pending.values())) > PENDING:
            namespace, events = max(self._pending.items(), key=lambda item: len(item[1]))
            events.popitem(last=False)
            if not events:
                del self._pending[namespace]
            self.dropped += 1

    def _allowed(self, what: _What) -> bool:
        """A token bucket for each object and reason: a flood of one word does not drown another."""
        key = (what.uid, what.reason)
        now = asyncio.get_running_loop().time()
        tokens, since = self._allowances.get(key) or (float(BURST), now)
        tokens = min(float(BURST), tokens + (now - since) / REFILL)
        allowed = tokens >= 1
        self._allowances.put(key, (tokens - 1 if allowed else tokens, now))
        return allowed

    async def _send(self, what: _What, pending: _Pending) -> None:
        path = f"/api/v1/namespaces/{what.namespace or 'default'}/events"
        sent = self._sent.get(what)
        if sent is not None:
            try:
                async with self._limiter.turn(f"{what.namespace}/"):
                    count = sent.count + pending.count
                    await self._api.merge_patch(
                        f"{path}/{sent.event}", {"count": count, "lastTimestamp": pending.last}
                    )
            except ApiError as e:
                if not e.not_found:
                    raise
                # The server keeps events for an hour or so.
            else:
                sent.count = count
                return
        event = self._event(what, pending)
        async with self._limiter.turn(f"{what.namespace}/"):
            await self._api.create(path, event)
        self._sent.put(what, _Sent(event["metadata"]["name"], pending.count))

    def _event(self, what: _What, pending: _Pending) -> Object:
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{what.name[:200].rstrip('-.')}.{uuid.uuid4().hex[:16]}",
                "namespace": what.namespace or "default",
            },
            "involvedObject": {
                "apiVersion": what.api_version,
                "kind": what.kind,
                "name": what.name,
                "uid": what.uid,
                **({"namespace": what.namespace} if what.namespace else {}),
            },
            "type": what.type,
            "reason": what.reason,
            "message": what.message,
            "count": pending.count,
            "firstTimestamp": pending.first,
            "lastTimestamp": pending.last,
            "source": {"component": self._component, "host": self._instance},
            "reportingComponent": self._component,
            "reportingInstance": self._instance,
        }


def _cut(message: str) -> str:
    data = message.encode()
    if len(data) <= MESSAGE:
        return message
    return data[: MESSAGE - 3].decode(errors="ignore") + "…"
