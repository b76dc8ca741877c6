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

    def __init__(self, most: int, size: Callable[[K, V], int], *, newest: bool = False) -> None:
        """A cache of at most `most` bytes, of which `size` says how many a key and its value take.

        With `newest` a value that is larger than the whole cache is kept, alone, until the next one comes.
        """
        self._most = most
        self._size = size
        self._newest = newest
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
        """Keep a value, unless it is too large for the whole cache and `newest` is not set. Returns it."""
        size = self._size(key, value) + ENTRY
        with self._lock:
            self._remove(key)
            if self._newest or size <= self._most:
                self._entries[key] = value, size
                self._total += size
            # A thread that was ended in here may have left a wrong total: it must not become an error of all others.
            while self._total > self._most and len(self._entries) > self._newest:
                _, (_, gone) = self._entries.popitem(last=False)
                self._total -= gone
        return value

    def forget(self, key: K) -> None:
        """Keep nothing of a key."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._total -= entry[1]

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """How many bytes it holds, by its own estimate."""
        return self._total
