"""Lane: a thread beside the event loop, for what may take long, so that the loop turns meanwhile.

What is done there is pure: what it is made from never changes, and what it remembers (in memos) may be worked out
twice without harm. One thing is done at a time. Whoever is expected to take the least goes first, so that a job
that nobody knows yet is not held up by those that are known to be slow.

A thread can't be ended. What takes longer than anything may is left to itself, as a thread that nobody waits for;
its job is not taken up again before that has ended, and the others go on.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .budget import Budget

log = logging.getLogger(__name__)

T = TypeVar("T")

LIMIT = 30.0
"""Seconds of computing after which what is not over yet is left to itself."""


class TookTooLongError(Exception):
    """It was not over in time: there is no result."""


@dataclass(order=True, slots=True)
class _Task:
    expected: float
    number: int
    uid: str = field(compare=False)
    do: Callable[[], Any] = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    context: Context = field(compare=False)
    clock: int | None = field(default=None, compare=False)
    """Of the thread's own computing, once it has begun."""
    timer: asyncio.TimerHandle | None = field(default=None, compare=False)


class Lane:
    """Does one thing at a time, aside; used in one event loop."""

    def __init__(self, budget: Budget, *, limit: float = LIMIT) -> None:
        """`budget` keeps account of what it takes; what takes more than `limit` seconds is left to itself."""
        self.budget = budget
        self._limit = limit
        self._numbers = itertools.count()
        self._tasks: list[_Task] = []
        self._current: _Task | None = None
        self._left: dict[str, threading.Thread] = {}

    def __len__(self) -> int:
        """How many wait for their turn."""
        return len(self._tasks)

    async def run(self, uid: str, do: Callable[[], T]) -> T:
        """Do something for a job, and note what it took.

        Raises:
            TookTooLongError: it takes longer than anything may.
        """
        left = self._left.get(uid)
        if left is not None and left.is_alive():
            raise TookTooLongError
        self._left.pop(uid, None)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        task = _Task(self.budget.expected(uid), next(self._numbers), uid, do, future, copy_context())
        heapq.heappush(self._tasks, task)
        self._next()
        return await future

    def _next(self) -> None:
        """Begin with what is due, if nothing is under way."""
        while self._current is None and self._tasks:
            task = heapq.heappop(self._tasks)
            if task.future.done():
                continue  # nobody waits for it any more
            self._current = task
            loop = task.future.get_loop()
            thread = threading.Thread(
                target=task.context.run, args=(self._do, task, loop), name=f"lane {task.uid}", daemon=True
            )
            task.timer = loop.call_later(self._limit, self._late, task, thread)
            thread.start()

    def _do(self, task: _Task, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in the thread."""
        if hasattr(time, "pthread_getcpuclockid"):
            task.clock = time.pthread_getcpuclockid(threading.get_ident())
        began = time.thread_time()
        result, error = None, None
        try:
            result = task.do()
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(self._done, task, result, error, time.thread_time() - began)

    def _done(self, task: _Task, result: Any, error: Exception | None, seconds: float) -> None:
        if self._current is not task:
            return
        self._end(task, seconds)
        if not task.future.done():
            if error is not None:
                task.future.set_exception(error)
            else:
                task.future.set_result(result)
        self._next()

    def _late(self, task: _Task, thread: threading.Thread) -> None:
        """Time is over; not for what had to wait for a busy processor most of the time."""
        computed = self._limit if task.clock is None else _seconds(task.clock, self._limit)
        if computed < self._limit:
            task.timer = task.future.get_loop().call_later(self._limit - computed, self._late, task, thread)
            return
        log.error("job %s: not decided after %.0f s of computing; it is left alone", task.uid, computed)
        self._left[task.uid] = thread
        self._end(task, computed)
        if not task.future.done():
            task.future.set_exception(TookTooLongError())
        self._next()

    def _end(self, task: _Task, seconds: float) -> None:
        self._current = None
        if task.timer is not None:
            task.timer.cancel()
        self.budget.spend(task.uid, seconds)

    def forget(self, uid: str) -> None:
        """A job is gone."""
        self.budget.forget(uid)
        left = self._left.get(uid)
        if left is not None and not left.is_alive():
            del self._left[uid]


def _seconds(clock: int, otherwise: float) -> float:
    try:
        return time.clock_gettime(clock)
    except OSError:
        return otherwise  # the thread has just ended
