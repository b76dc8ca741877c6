"""Lane: threads beside the event loop, for what may take long, so that the loop turns meanwhile.

What is done there is pure: what it is made from never changes, and what it remembers (in memos) may be worked out
twice without harm. As a rule one thing is done at a time. Groups (namespaces) share the time: the one that has used
the least is next, and in it whoever is expected to take the least, so that a job that nobody knows yet is held up
neither by those that are known to be slow nor by thousands that nobody knows. What takes more than a moment gets a
second thread beside it, for other groups.

What takes longer than anything may is ended by an exception that is raised in its thread. That ends all but a single
call of C code that never returns: such a thread is abandoned, its job is not taken up again before it has ended, and a
group that has abandoned threads to its name gets no further ones. So a namespace can cost the process this many
threads, whatever its jobs are like.
"""

from __future__ import annotations

import asyncio
import ctypes
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
"""Seconds of computing after which what is not over yet is ended."""
MOMENT = 2.0
"""Seconds after which what is not over yet no longer holds up other groups."""
BESIDE = 2
"""Things that are done at a time, at most."""
ABANDONED = 2
"""Threads of a group that could not be ended, after which it gets no more."""


class TookTooLongError(Exception):
    """It was not over in time: there is no result."""


class _EndedError(BaseException):
    """Raised in a thread that takes too long; nothing but the lane catches it."""


@dataclass(order=True, slots=True)
class _Task:
    expected: float
    number: int
    uid: str = field(compare=False)
    group: str = field(compare=False)
    do: Callable[[], Any] = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    context: Context = field(compare=False)
    began: float = field(default=0.0, compare=False)
    """By the loop's clock."""
    account: float = field(default=0.0, compare=False)
    """What its group had used when it began."""
    clock: int | None = field(default=None, compare=False)
    """Of the thread's own computing, once it has begun."""
    timer: asyncio.TimerHandle | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class _Abandoned:
    thread: threading.Thread
    group: str


class Lane:
    """Does one thing at a time for each group, aside; used in one event loop."""

    def __init__(self, budget: Budget, *, limit: float = LIMIT, moment: float = MOMENT) -> None:
        """What is done aside, and for how long.

        Args:
            budget: keeps account of what it takes.
            limit: seconds of computing after which something is ended.
            moment: seconds after which it does not hold up other groups any more.
        """
        self.budget = budget
        self._limit = limit
        self._moment = moment
        self._numbers = itertools.count()
        self._waiting: dict[str, list[_Task]] = {}
        """A heap for each group."""
        self._running: dict[str, _Task] = {}
        """By group."""
        self._abandoned: dict[str, _Abandoned] = {}
        """By uid."""
        self._used: dict[str, float] = {}
        """Seconds that groups have used, counted from where those that use least are; one that is not here is there."""
        self._least = 0.0

    def __len__(self) -> int:
        """How many wait for their turn."""
        return sum(map(len, self._waiting.values()))

    async def run(self, uid: str, do: Callable[[], T], group: str = "") -> T:
        """Do something for a job of a group, and note what it took.

        Raises:
            TookTooLongError: it takes longer than anything may.
        """
        if self._hopeless(uid, group):
            raise TookTooLongError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        task = _Task(self.budget.expected(uid), next(self._numbers), uid, group, do, future, copy_context())
        heapq.heappush(self._waiting.setdefault(group, []), task)
        self._next()
        return await future

    def _hopeless(self, uid: str, group: str) -> bool:
        """Whether a job, or its group, has threads that can't be ended."""
        self._abandoned = {uid: left for uid, left in self._abandoned.items() if left.thread.is_alive()}
        of_group = sum(left.group == group for left in self._abandoned.values())
        return uid in self._abandoned or of_group >= ABANDONED

    def _next(self) -> None:
        """Begin with what is due, if nothing holds it up."""
        while self._waiting and self._free():
            due = [group for group in self._waiting if group not in self._running]
            if not due:
                return
            group = min(due, key=lambda group: self._used.get(group, self._least))
            tasks = self._waiting[group]
            task = heapq.heappop(tasks)
            if not tasks:
                del self._waiting[group]
            if not task.future.done():  # else nobody waits for it any more
                self._begin(task)

    def _free(self) -> bool:
        now = asyncio.get_running_loop().time()
        return len(self._running) < BESIDE and all(
            now - task.began >= self._moment for task in self._running.values()
        )

    def _begin(self, task: _Task) -> None:
        loop = task.future.get_loop()
        task.began = loop.time()
        task.account = self._used.get(task.group, self._least)
        self._least = max(self._least, task.account)
        self._used = {group: used for group, used in self._used.items() if used > self._least}
        self._running[task.group] = task
        thread = threading.Thread(
            target=task.context.run, args=(self._do, task, loop), name=f"lane {task.uid}", daemon=True
        )
        task.timer = loop.call_later(self._limit, self._late, task, thread)
        loop.call_later(self._moment, self._next)
        thread.start()

    def _do(self, task: _Task, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in the thread."""
        if hasattr(time, "pthread_getcpuclockid"):
            task.clock = time.pthread_getcpuclockid(threading.get_ident())
        began = time.thread_time()
        result, error = None, None
        with suppress(_EndedError):
            try:
                result = task.do()
            except Exception as raised:
                error = raised
            with suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(self._done, task, result, error, time.thread_time() - began)

    def _done(self, task: _Task, result: Any, error: Exception | None, seconds: float) -> None:
        if self._running.get(task.group) is not task:
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
        log.error("job %s: no result after %.0f s of computing; it is ended", task.uid, computed)
        self._abandoned[task.uid] = _Abandoned(thread, task.group)
        _raise_in(thread)
        self._end(task, computed)
        if not task.future.done():
            task.future.set_exception(TookTooLongError())
        self._next()

    def _end(self, task: _Task, seconds: float) -> None:
        del self._running[task.group]
        self._used[task.group] = task.account + seconds
        if task.timer is not None:
            task.timer.cancel()
        self.budget.spend(task.uid, seconds)

    def forget(self, uid: str) -> None:
        """A job is gone."""
        self.budget.forget(uid)


def _raise_in(thread: threading.Thread) -> None:
    """Have a thread raise, at its next instruction of Python code."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(_EndedError)
        )


def _seconds(clock: int, otherwise: float) -> float:
    try:
        return time.clock_gettime(clock)
    except OSError:
        return otherwise  # the thread has just ended
