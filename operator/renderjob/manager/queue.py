"""WorkQueue: keys to be reconciled, with the semantics of client-go's work queue.

A key is in the queue once, however often it is added; a key that is added while it is being worked on is
queued again when that is done; so no two workers ever work on one key, and no addition is lost.

Keys of different weights queue apart, and each weight has workers of its own: heavy ones do not hold up light ones.
Within a weight the groups of keys (namespaces) take turns, and a group has so many workers at a time: neither thousands
of keys of one nor some that take long hold up those of another.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from renderjob.primitives import FairQueue, Shares, exponential

from .budget import Weight

FIRST_DELAY = 0.05
"""Seconds before a key that failed is tried again; twice as long each time."""
LAST_DELAY = 30.0
"""The longest such delay."""


class _FairOrder(asyncio.Queue[tuple[str, str]]):
    """Pairs of a group and a key, in an order in which groups take turns."""

    def _init(self, maxsize: int) -> None:  # noqa: ARG002 (asyncio's own signature)
        self._queue: FairQueue[tuple[str, str]] = FairQueue()

    def _put(self, item: tuple[str, str]) -> None:
        self._queue.push(item[:1], item)

    def _get(self) -> tuple[str, str]:
        return self._queue.pop()


class WorkQueue:
    """A queue of keys for the workers of one event loop."""

    def __init__(
        self,
        weight: Callable[[str], Weight] = lambda _: Weight.LIGHT,
        group: Callable[[str], str] = lambda _: "",
        most: Callable[[Weight], int] = lambda _: sys.maxsize,
    ) -> None:
        """`weight` and `group` are asked when a key is queued.

        Args:
            weight: in which of the queues a key waits.
            group: with which others it takes turns as one.
            most: keys of one group that are worked on at a time, for each weight.
        """
        self._weight = weight
        self._group = group
        self._orders: tuple[_FairOrder, ...] = tuple(_FairOrder() for _ in Weight)
        self._dirty: set[str] = set()
        self._shares: tuple[Shares[tuple[str, str]], ...] = tuple(Shares(most(weight)) for weight in Weight)
        self._processing: dict[str, tuple[Weight, str]] = {}
        """The weights and groups that keys have as they are worked on."""
        self._failures: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return sum(order.qsize() for order in self._orders) + sum(map(len, self._shares))

    def add(self, key: str) -> None:
        """Enqueue a key."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._queue(key)

    def _queue(self, key: str) -> None:
        self._orders[self._weight(key)].put_nowait((self._group(key), key))

    def add_after(self, key: str, seconds: float) -> None:
        """Enqueue a key in a while; of several such requests for one key, the soonest stands."""
        if seconds <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None and not timer.cancelled() and timer.when() <= when:
            return
        if timer is not None:
            timer.cancel()
        self._timers[key] = loop.call_at(when, self._due, key)

    def _due(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)

    async def get(self, weight: Weight = Weight.LIGHT) -> str:
        """The next key of a weight; it belongs to the caller until `done`."""
        while True:
            group, key = await self._orders[weight].get()
            if self._shares[weight].take(group, (group, key)):
                self._dirty.discard(key)
                self._processing[key] = weight, group
                return key

    def done(self, key: str) -> None:
        """The work on a key is over; if it was added meanwhile, it is queued again."""
        weight, group = self._processing.pop(key)
        self._shares[weight].release(group)
        waiting = self._shares[weight].next(group)
        if waiting is not None:
            self._orders[weight].put_nowait(waiting)
        if key in self._dirty:
            self._queue(key)

    def retry(self, key: str, longest: float = LAST_DELAY) -> int:
        """Requeue a key after a failure, each time longer, up to `longest` seconds. Returns which it was."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, exponential(FIRST_DELAY, failures, longest))
        return failures + 1

    def forget(self, key: str) -> None:
        """The key is well again: its next failure waits as little as a first one."""
        self._failures.pop(key, None)

    def close(self) -> None:
        """Cancel all timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
