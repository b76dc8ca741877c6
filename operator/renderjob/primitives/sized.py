"""SizedCache: what was worked out lately, as long as all of it together takes no more than so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ENTRY = 200
"""Bytes that an entry takes beside its value, more or less."""


class SizedCache(Generic[K, V]):
    """A mapping that forgets what was used least recently, for any number of threads.

    It is bounded in bytes, since what one user writes in 30 characters takes six megabytes, and what another
    writes takes a hundred bytes: a number of entries says nothing of their memory.
    """

    def __init__(self, most: int, size: Callable[[K, V], int]) -> None:
        """A cache of at most `most` bytes, of which `size` says how many a key and its value take."""
        self._most = most
        self._size = size
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._total = 0
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """What is known; None if nothing is."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: K, value: V) -> V:
        """Keep a value, unless it is too large for the whole cache. Returns it."""
        size = self._size(key, value) + ENTRY
        with self._lock:
            before = self._entries.pop(key, None)
            if before is not None:
                self._total -= before[1]
            if size <= self._most:
                self._entries[key] = value, size
                self._total += size
            # A thread that was ended in here may have left a wrong total: it must not become an error of all others.
            while self._total > self._most and self._entries:
                _, (_, gone) = self._entries.popitem(last=False)
                self._total -= gone
        return value

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """How many bytes it holds, by its own estimate."""
        return self._total
