"""Aside: a thread with an event loop of its own, for what must not wait for decisions: the lease and the probes.

Whatever the main loop is at, this loop gets its turn: the interpreter takes the lock from Python code every few
milliseconds. A thread that sits in one call of C code and keeps the lock can't be made to give it. What of that
kind a RenderJob can cause is bounded: its JSON is read object by object, none larger than the API server takes,
its expressions run in an engine of linear time that lets the lock go, and the renewals leave a margin of seconds.
A process of its own would not need that argument, but would cost as much memory again, and would go on holding
the lease of a process that was stopped.

The other side of it is that a main loop that stands still for ever would keep the lease for ever. So `Aside`
looks for the main loop's pulse, too, and says when it has stood still for too long.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

BEAT = 0.25
"""Seconds between two beats of the main loop's pulse."""


class Pulse:
    """The main loop's sign of life, read by another thread."""

    def __init__(self) -> None:
        self.beats = 0
        self._at = time.monotonic()

    async def beat(self) -> None:
        """Beat for as long as this loop turns."""
        while True:
            self.beats += 1
            self._at = time.monotonic()
            await asyncio.sleep(BEAT)

    def age(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._at

    async def until_still(self, seconds: float) -> None:
        """Wait, in another loop, until no beat has come for so long.

        Only time in which this loop turned counts: a process that was stopped, or a machine that slept, wakes
        up with an old pulse and is well.
        """
        beats, still, before = self.beats, 0.0, time.monotonic()
        while still < seconds:
            await asyncio.sleep(BEAT)
            now = time.monotonic()
            still += min(now - before, 2 * BEAT)
            before = now
            if self.beats != beats:
                beats, still = self.beats, 0.0


class Aside:
    """A thread with an event loop; use it as an async context manager in the main loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="aside", daemon=True)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.run(self._wind_up())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)
            self._loop.close()

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it over there and wait for it here; whoever stops waiting ends it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    async def enter(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        """Make and enter a context over there; it is left when this is."""

        async def enter() -> T:
            return await self._stack.enter_async_context(make())

        return await self.run(enter())

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._stack.aclose()
        await self._loop.shutdown_asyncgens()
