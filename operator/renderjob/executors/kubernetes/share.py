"""Share: how much of the event loop's time each RenderJob may use for what its pods print."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

SHARE = 0.1
"""Of the loop's time, for all logs of one RenderJob together."""
BURST = 0.25
"""Seconds of computing at once, after a quiet time."""


class Share:
    """A bucket for each key: what is spent flows off at a steady rate, and whoever spills over waits."""

    def __init__(
        self, share: float = SHARE, burst: float = BURST, clock: Callable[[], float] = monotonic
    ) -> None:
        self._share = share
        self._burst = burst
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}
        """By key, seconds that have not flowed off, and when that was so."""

    def spend(self, key: str, seconds: float) -> float:
        """Note that a key took so many seconds. Returns for how many it must not take any."""
        now = self._clock()
        level, since = self._spent.get(key, (0.0, now))
        level = max(0.0, level - (now - since) * self._share) + seconds
        self._spent[key] = level, now
        return max(0.0, level - self._burst) / self._share

    def forget(self, key: str) -> None:
        """Nothing of it is left that could spend."""
        self._spent.pop(key, None)
