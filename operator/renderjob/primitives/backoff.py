"""Backoff: how long to wait before something is tried again."""

from __future__ import annotations

import random

FIRST = 0.2
"""Seconds before the first try again; twice as long each time."""
LONGEST = 30.0
"""Seconds at most."""


def exponential(first: float, failures: int, longest: float) -> float:
    """Seconds to wait after so many failures before this one: `first`, twice as long each time, up to `longest`."""
    # The exponent is bounded, since a float overflows long after `longest` is reached.
    return min(longest, first * 2.0 ** min(failures, 32))


class Backoff:
    """Waits that grow until `reset`, each drawn from its upper half so that clients spread out."""

    def __init__(self, first: float = FIRST, longest: float = LONGEST) -> None:
        self._first = first
        self._longest = longest
        self.failures = 0

    def next(self) -> float:
        """Seconds to wait now."""
        seconds = exponential(self._first, self.failures, self._longest)
        self.failures += 1
        return seconds * random.uniform(0.5, 1.0)  # noqa: S311

    def reset(self) -> None:
        """All is well again."""
        self.failures = 0
