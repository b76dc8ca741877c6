"""Meter: how long this thread computes for a coroutine; what that waits for does not count."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Meter(Generic[T]):
    """Await it in the place of the coroutine."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.seconds = 0.0
        """What it took so far; tasks that it starts are not counted."""
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        """Run it step by step."""
        error: BaseException | None = None
        while True:
            began = time.thread_time()
            try:
                step = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                self.seconds += time.thread_time() - began
            try:
                yield step
            except BaseException as raised:
                error = raised
            else:
                error = None
