"""Store: what is known of a collection's objects, by uid and by an index; for an informer.

News comes from three sides that do not wait for each other: the watch, a list, and the answers to our own
writes. The resourceVersion says which is newer, and what is surely deleted is remembered for a while, so that
late news does not bring it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from .versions import is_newer, supersedes

T = TypeVar("T")

REMEMBERED = 300.0
"""Seconds for which a deleted object is remembered: longer than an answer or a watch event may be late."""
MOST_GONE = 20_000
"""Deleted objects that are remembered at most, however many are made and deleted."""


@dataclass(frozen=True, slots=True)
class _Gone:
    version: str | None
    """Of the deletion; None when only the caller knows of it: nothing brings the object back."""
    at: float


class Store(Generic[T]):
    """Objects of one collection; every change is applied once."""

    def __init__(self, index_by: Callable[[T], str | None] | None = None) -> None:
        self._index_by = index_by
        self._objects: dict[str, tuple[T, str]] = {}
        self._index: dict[str, dict[str, T]] = {}
        self._gone: dict[str, _Gone] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[T]:
        return (view for view, _ in self._objects.values())

    def uids(self) -> set[str]:
        """The uids of all objects."""
        return set(self._objects)

    def get(self, uid: str) -> T | None:
        """The object, or None."""
        known = self._objects.get(uid)
        return known[0] if known is not None else None

    def version(self, uid: str) -> str | None:
        """The resourceVersion of what is known of an object, or None."""
        known = self._objects.get(uid)
        return known[1] if known is not None else None

    def indexed(self, value: str) -> Mapping[str, T]:
        """The objects, by uid, for which `index_by` gave this value. Read it at once: it changes with the store."""
        return self._index.get(value, {})

    def accepts(self, uid: str, version: str) -> bool:
        """Whether this version of the object would be news."""
        gone = self._gone.get(uid)
        if gone is not None and (gone.version is None or not is_newer(version, gone.version)):
            return False
        known = self._objects.get(uid)
        return known is None or supersedes(version, known[1])

    def put(self, uid: str, version: str, view: T) -> T | None:
        """Keep this version, which `accepts` found to be news. Returns the one before."""
        old = self._take_out(uid)
        self._gone.pop(uid, None)
        self._objects[uid] = (view, version)
        if self._index_by is not None and (value := self._index_by(view)) is not None:
            self._index.setdefault(value, {})[uid] = view
        return old

    def remove(self, uid: str, version: str | None) -> T | None:
        """The object is gone, as of this version; None: for good. Returns what was known of it.

        Nothing happens when something newer is known: it left a selector, and came back by our own write.
        """
        known = self._objects.get(uid)
        if known is not None and version is not None and is_newer(known[1], version):
            return None
        now = time.monotonic()
        self._gone.pop(uid, None)  # to the end of the order
        self._gone[uid] = _Gone(version, now)
        self._forget(now - REMEMBERED)
        return self._take_out(uid)

    def absent_from_list(self, listed: set[str], version: str) -> list[str]:
        """The uids that a list of this version does not have, though they are not newer than it."""
        return [
            uid
            for uid, (_, known) in self._objects.items()
            if uid not in listed and not is_newer(known, version)
        ]

    def trust(self, uid: str, since: float) -> None:
        """A list that began at `since` (of time.monotonic) has the object: it was not deleted before that."""
        gone = self._gone.get(uid)
        if gone is not None and gone.at < since:
            del self._gone[uid]

    def _take_out(self, uid: str) -> T | None:
        known = self._objects.pop(uid, None)
        if known is None:
            return None
        view = known[0]
        if self._index_by is not None and (value := self._index_by(view)) is not None:
            same = self._index.get(value)
            if same is not None:
                same.pop(uid, None)
                if not same:
                    del self._index[value]
        return view

    def _forget(self, before: float) -> None:
        while self._gone:
            uid = next(iter(self._gone))
            if self._gone[uid].at >= before and len(self._gone) <= MOST_GONE:
                return
            del self._gone[uid]
