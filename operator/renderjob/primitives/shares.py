"""Shares: how much of something that is scarce each group may have at a time; the rest waits aside."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shares(Generic[T]):
    """Of the places that all share, a group has `most` at a time: slow ones of one group must not take them all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[T]] = {}
        self._size = 0

    def __len__(self) -> int:
        """How many items wait."""
        return self._size

    def take(self, group: Hashable, item: T) -> bool:
        """Take a place for an item. False: its group has as many as it may, and the item waits for `next`."""
        if self._taken[group] < self._most:
            self._taken[group] += 1
            return True
        self._waiting.setdefault(group, deque()).append(item)
        self._size += 1
        return False

    def release(self, group: Hashable) -> None:
        """Give a place back; `next` says who may have it."""
        self._taken[group] -= 1
        if not self._taken[group]:
            del self._taken[group]

    def next(self, group: Hashable) -> T | None:
        """Where a group has a place, the item that waited longest: it may ask again. None: there is none."""
        waiting = self._waiting.get(group)
        if not waiting or self._taken[group] >= self._most:
            return None
        item = waiting.popleft()
        if not waiting:
            del self._waiting[group]
        self._size -= 1
        return item
