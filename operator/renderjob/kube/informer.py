"""Informer: a narrow view of every object of a collection, kept true by a list and a watch.

It lists in pages, watches from there, and comes back for ever: after a drop, after silence, after the server
forgot where we were. A list is compared with what was known, so that what was deleted in a gap is reported as well.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, Generic, Literal, TypeVar

from renderjob.primitives import Backoff

from .api import PAGE, KubeApi, Object
from .errors import ApiError, KubeError, UnreachableError
from .listing import Lister
from .reading import read_event
from .store import Store

T = TypeVar("T")

Event = Literal["ADDED", "MODIFIED", "DELETED"]
Handler = Callable[[Event, T | None, T | None], None]
"""Called with (event, old, new): old is None for ADDED, new is None for DELETED."""

log = logging.getLogger(__name__)

WATCH = 300.0
"""Seconds after which the server ends a watch; up to a tenth more, so that watches do not end together."""
IDLE = 150.0
"""Seconds without a line before a watch counts as dead: bookmarks come about once a minute."""
RESYNC = 600.0
"""Seconds between full relists, which recover missed watch events."""
SHORT = 5.0
"""Seconds: a watch that ended sooner, without a line, is a failure."""
LASTING = 10.0
"""Seconds after which trouble is reported: a connection that breaks is none."""
TIMES = 3
"""So many lines in a row that can't be read, and everything is listed anew."""
BREATH = 200
"""Events in a row, at most, before others get a turn on the event loop."""


class Informer(Generic[T]):
    """The objects of a collection; `run` keeps them.

    `decode` makes the narrow view of a raw object, or None for one that is of no interest; the raw object is
    dropped then. `index_by` gives the value under which `indexed` finds a view, such as its owner's uid.
    `query` selects: `labelSelector`, `fieldSelector`.
    """

    def __init__(
        self,
        api: KubeApi,
        path: str,
        decode: Callable[[Object], T | None],
        *,
        index_by: Callable[[T], str | None] | None = None,
        query: Mapping[str, Any] | None = None,
        watch: float = WATCH,
        idle: float = IDLE,
        resync: float = RESYNC,
        page: int = PAGE,
        backoff: Backoff | None = None,
    ) -> None:
        self.path = path
        self.synced = asyncio.Event()
        """Set when everything was listed once; only then is what is missing here missing there."""
        self.relists = 0
        """Lists since the first."""
        self.reconnects = 0
        """Watches since the first."""
        self.undecodable = 0
        """Objects that could not be read: each was left out, the others are here."""
        self._api = api
        self._decode = decode
        self._query = dict(query or {})
        self._watch_seconds = watch
        self._idle = idle
        self._resync = resync
        self._lister = Lister(api, path, page=page, query=query)
        self._backoff = backoff or Backoff()
        self._store: Store[T] = Store(index_by)
        self._handlers: list[Handler[T]] = []
        self._version: str | None = None
        self._listed_at = float("-inf")
        self._watches = 0
        self._active_at = time.monotonic()
        self._trouble = ""
        self._troubled_since = 0.0
        self._failed_at = float("-inf")
        self._unread = 0
        """Lines in a row that could not be read."""

    # What is known -------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._store)

    def objects(self) -> list[T]:
        """All that is known, in no order."""
        return list(self._store)

    def get(self, uid: str) -> T | None:
        """The object with this uid, or None."""
        return self._store.get(uid)

    def indexed(self, value: str) -> list[T]:
        """The objects for which `index_by` gave this value, in no order."""
        return list(self._store.indexed(value).values())

    def age(self) -> float:
        """Seconds since the server last sent something: a line of the watch, a page of a list."""
        return time.monotonic() - self._active_at

    def stillness(self) -> float:
        """Seconds since its loop last got on: the server sent something, or a request failed and another follows."""
        return time.monotonic() - max(self._active_at, self._failed_at)

    @property
    def trouble(self) -> str:
        """Why what is here is not what the server has; empty while it is, and for the first seconds."""
        if not self.synced.is_set():
            return self._trouble or "not listed yet"
        lasts = time.monotonic() - self._troubled_since
        return self._trouble if lasts >= LASTING else ""

    def subscribe(self, handler: Handler[T]) -> None:
        """Call `handler` after every change that the server reports. What it raises is logged, and that is all.

        Of what `note` and `note_deleted` report no handler is called, unless the watch was quicker than the answer.
        """
        self._handlers.append(handler)

    # What we wrote ourselves ---------------------------------------------------------------------------

    def note(self, raw: Object) -> T | None:
        """Keep the answer to a create or a patch, unless something newer is known. Returns what is known now.

        So a writer sees its own write at once, though the watch may report it much later, or report older
        ones first.
        """
        uid, version = _identity(raw)
        if self._store.accepts(uid, version):
            view = self._view(raw)
            if view is not None:
                self._store.put(uid, version, view)
        return self._store.get(uid)

    def note_deleted(self, uid: str) -> None:
        """Forget an object that a delete has removed for good: the answer was a Status, or `not_found`."""
        self._store.remove(uid, None)

    # The loop ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """List and watch, until cancelled."""
        while True:
            try:
                if self._version is None or self._resync_in() <= 0:
                    await self._list()
                await self._watch()
            except KubeError as e:
                if isinstance(e, ApiError):
                    # It is there, and says no: to begin anew would change nothing.
                    self._active_at = time.monotonic()
                if isinstance(e, ApiError) and e.gone:
                    log.info("%s: the server forgot version %s: listing anew", self.path, self._version)
                    self._version = None
                else:
                    self._failed(str(e))
                    log.warning("%s: %s", self.path, e)
                await asyncio.sleep(max(self._backoff.next(), e.retry_after or 0))
            except Exception as e:
                # Whatever it was, it must not end what runs beside it; what is here is compared with a new list.
                self._failed(f"{type(e).__name__}: {e}")
                self._version = None
                log.exception("%s: a defect of renderjob; listing anew", self.path)
                await asyncio.sleep(self._backoff.next())

    def _failed(self, why: str) -> None:
        if not self._trouble:
            self._troubled_since = time.monotonic()
        self._failed_at = time.monotonic()
        self._trouble = why

    def _well(self) -> None:
        self._trouble = ""

    def _resync_in(self) -> float:
        return self._listed_at + self._resync - time.monotonic()

    async def _list(self) -> None:
        began = time.monotonic()
        listed: set[str] = set()
        async with aclosing(self._lister.objects()) as objects:
            async for raw in objects:
                self._active_at = time.monotonic()
                try:
                    uid, at = _identity(raw)
                except (KeyError, TypeError):
                    self._undecodable(raw)
                    continue
                listed.add(uid)
                self._store.trust(uid, began)
                self._take(uid, at, raw)
        self._active_at = time.monotonic()
        version = self._lister.version or ""
        for uid in self._store.absent_from_list(listed, version):
            self._drop(uid, version)
        self._version = version
        self._listed_at = began
        self._well()
        if self.synced.is_set():
            self.relists += 1
        self.synced.set()

    async def _watch(self) -> None:
        seconds = min(self._watch_seconds * random.uniform(1.0, 1.1), max(1.0, self._resync_in()))  # noqa: S311
        query = {
            **self._query,
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": self._version,
            "timeoutSeconds": int(seconds),
        }
        if self._watches:
            self.reconnects += 1
        self._watches += 1
        count, began = 0, time.monotonic()
        async with aclosing(
            self._api.stream(self.path, idle=self._idle, opened=self._well, **query)
        ) as lines:
            async for line in lines:
                self._active_at = time.monotonic()
                self._apply(line)
                self._backoff.reset()
                count += 1
                if count % BREATH == 0:
                    await asyncio.sleep(0)
        if not count and time.monotonic() - began < SHORT:
            # From a server in trouble this may come at once, and for ever.
            raise UnreachableError("the watch ended without a line")

    def _apply(self, line: bytes) -> None:
        try:
            kind, raw = read_event(line)
            metadata = raw.get("metadata", {})
            uid, version = metadata.get("uid", ""), metadata.get("resourceVersion", "")
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            # Cut short on its way it comes whole the next time; else a list is read, object by object.
            self._unread += 1
            if self._unread >= TIMES:
                self._version = None
            raise UnreachableError(f"the watch sent what is no event: {line[:200]!r}") from e
        if kind == "ERROR":
            raise ApiError.from_status(raw)
        if kind != "BOOKMARK":
            if kind == "DELETED":
                self._drop(uid, version)
            else:
                self._take(uid, version, raw)
        self._version = version
        self._unread = 0

    def _take(self, uid: str, version: str, raw: Object) -> None:
        if not self._store.accepts(uid, version):
            return
        try:
            view = self._decode(raw)
        except Exception:
            self._undecodable(raw)
            return
        if view is None:
            self._drop(uid, version)
            return
        old = self._store.put(uid, version, view)
        self._notify("MODIFIED" if old is not None else "ADDED", old, view)

    def _drop(self, uid: str, version: str) -> None:
        old = self._store.remove(uid, version)
        if old is not None:
            self._notify("DELETED", old, None)

    def _view(self, raw: Object) -> T | None:
        try:
            return self._decode(raw)
        except Exception:
            self._undecodable(raw)
            return None

    def _undecodable(self, raw: Object) -> None:
        self.undecodable += 1
        metadata = (raw.get("metadata") if isinstance(raw, dict) else None) or {}
        log.exception("%s: %s/%s can't be read", self.path, metadata.get("namespace"), metadata.get("name"))

    def _notify(self, event: Event, old: T | None, new: T | None) -> None:
        for handler in self._handlers:
            try:
                handler(event, old, new)
            except Exception:
                log.exception("%s: a handler failed on %s", self.path, event)


def _identity(raw: Object) -> tuple[str, str]:
    metadata = raw["metadata"]
    return metadata["uid"], metadata["resourceVersion"]
