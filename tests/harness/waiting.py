"""Waiting for what happens in its own time, as long as it takes on this machine: the one place that says how long.

A deadline in a test only says when to give up, so it is generous, and the busier the machine is, the more so. Nothing
waits that long but a test that fails.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

PATIENCE: Final = 60.0
"""Seconds after which something that should happen is taken not to, on a machine that has little else to do."""

SLOWEST: Final = 6.0
"""As many times longer is waited at most, so that a hang does not hold up a run for long."""


def slowness() -> float:
    """How many times longer things take on this machine at this time: 1 for one that has a core for each process."""
    try:
        waiting, _, _ = os.getloadavg()
    except OSError:
        return 1.0
    # Of two processes on one core each takes twice as long; and the average of a minute is late.
    return min(SLOWEST, 1.0 + waiting / (os.cpu_count() or 1))


def patient(seconds: float = PATIENCE) -> float:
    """What so many seconds of a quiet machine may be now."""
    return seconds * slowness()


class Deadline:
    """The time to give up. How busy the machine is counts when it seems to have come, not when the wait began."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._seconds = seconds
        self._began = time.monotonic()

    @property
    def waited(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._began

    @property
    def over(self) -> bool:
        """Whether it is time."""
        return self.waited > self._seconds and self.waited > patient(self._seconds)


def until(condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """Poll until a condition is true; returns its value.

    Raises:
        AssertionError: it does not become true.
    """
    deadline = Deadline(patience)
    while not (value := condition()):
        if deadline.over:
            raise AssertionError(f"waited {deadline.waited:.0f} s in vain {what}")
        time.sleep(0.05)
    return value
