"""WriteLimiter: how fast this process may write to the API server, and whose turn it is.

A token bucket over all writes. Its rate is found as TCP finds its own: halved when the server says "too many
requests", and raised a little with every write that it took. Whoever waits is served in turn: namespaces first, the
keys of each then, so that neither one RenderJob with ten thousand chunks to start nor a namespace of ten thousand
RenderJobs keeps the others waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from renderjob.primitives import FairQueue, Shares

from .errors import ApiError, NotAllowedError

Turn = asyncio.Future[None]

RATE = 100.0
"""Writes per second, at most, in the long run."""
BURST = 200
"""Writes at once after a quiet time."""
IN_FLIGHT = 64
"""Writes at most that wait for their answer."""
OF_ONE = 32
"""Those of one namespace among them: a server, or a webhook, may be slow with just these."""
LOWEST_RATE = 1.0
"""Writes per second, however often the server refused."""
PAUSE = 1.0
"""Seconds without a write after "too many requests", if the server names none."""


class WriteLimiter:
    """Gives turns to those who want to write, in one event loop, by its clock."""

    def __init__(
        self,
        rate: float = RATE,
        burst: int = BURST,
        *,
        in_flight: int = IN_FLIGHT,
        of_one: int = OF_ONE,
        lowest: float = LOWEST_RATE,
    ) -> None:
        self.highest = rate
        self.rate = rate
        """Writes per second, now."""
        self.allowed: Callable[[], bool] = lambda: True
        """Asked in the last moment before a write: whether this process may (still) write."""
        self.throttles = 0
        """How often the server said "too many requests"."""
        self.in_flight = 0
        """Writes that have their turn."""
        self.waiting = 0
        """Writes that wait for it."""
        self._burst = burst
        self._most = in_flight
        self._lowest = min(lowest, rate)
        # From half the rate to the whole takes a hundred writes.
        self._growth = rate / 200
        self._tokens = float(burst)
        self._filled: float | None = None
        self._paused_until = float("-inf")
        self._halved = float("-inf")
        self._queue: FairQueue[tuple[str, Turn]] = FairQueue()
        self._shares: Shares[tuple[str, Turn]] = Shares(of_one)
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a turn, and do one write in it. An ApiError that leaves the block counts.

        `key` is whom the write is for, as namespace/name: namespaces take turns, and the keys of each.

        Raises:
            NotAllowedError: this process may not write (any more).
        """
        await self._wait(key)
        started = self._now()
        try:
            if not self.allowed():
                raise NotAllowedError("somebody else may lead by now: nothing is written")
            yield
        except ApiError as e:
            if e.throttled:
                self._throttled(started, e.retry_after)
            elif not e.transient:
                self._succeeded()
            raise
        else:
            self._succeeded()
        finally:
            self._end(key)

    async def _wait(self, key: str) -> None:
        turn: Turn = asyncio.get_running_loop().create_future()
        self._queue.push(_path(key), (key, turn))
        self.waiting += 1
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self.waiting -= 1
            else:
                # The turn came in the same moment: somebody else may have it.
                self._tokens += 1
                self._end(key)
            raise

    def _end(self, key: str) -> None:
        self.in_flight -= 1
        self._shares.release(_path(key)[0])
        self._requeue(key)
        self._serve()

    def _requeue(self, key: str) -> None:
        """Where the namespace of a key has a place again, have one that waits for it wait for its turn."""
        while (waiting := self._shares.next(_path(key)[0])) is not None:
            if not waiting[1].done():
                self._queue.push(_path(waiting[0]), waiting)
                return

    def _serve(self) -> None:
        """Give as many turns as there may be now; when tokens are short, serve again when there is one."""
        self._refill()
        while self._queue and self.in_flight < self._most:
            delay = self._delay()
            if delay > 0:
                self._serve_in(delay)
                return
            key, turn = self._queue.pop()
            if turn.done():  # it gave up
                self._requeue(key)
            elif self._shares.take(_path(key)[0], (key, turn)):
                self._tokens -= 1
                self.in_flight += 1
                self.waiting -= 1
                turn.set_result(None)

    def _delay(self) -> float:
        """Seconds until there is a token."""
        pause = self._paused_until - self._now()
        # A hair below one is one: sums of floats never quite meet.
        missing = 0.0 if self._tokens > 1 - 1e-6 else (1 - self._tokens) / self.rate
        return max(pause, missing, 0.0)

    def _serve_in(self, delay: float) -> None:
        when = self._now() + delay
        if self._timer is None or self._timer.when() > when:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_at(when, self._due)

    def _due(self) -> None:
        self._timer = None
        self._serve()

    def _refill(self) -> None:
        now = self._now()
        since = max(self._filled if self._filled is not None else now, self._paused_until)
        if now > since:
            # After a "too many requests" a burst is as much smaller as the rate is.
            most = max(1.0, self._burst * self.rate / self.highest)
            self._tokens = min(most, self._tokens + (now - since) * self.rate)
        self._filled = now

    def _succeeded(self) -> None:
        self._refill()
        self.rate = min(self.highest, self.rate + self._growth)

    def _throttled(self, started: float, retry_after: float | None) -> None:
        self.throttles += 1
        now = self._now()
        # Writes that were under way at the last halving tell nothing about the rate after it.
        if started > self._halved:
            self._refill()
            self.rate = max(self._lowest, self.rate / 2)
            self._halved = now
        self._tokens = min(self._tokens, 1.0)
        self._paused_until = max(self._paused_until, now + (PAUSE if retry_after is None else retry_after))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _path(key: str) -> tuple[str, str]:
    """The namespace of a key, and the key."""
    return key.partition("/")[0], key
