"""Backoff: how long to wait before a connection is tried again."""

from __future__ import annotations

import random

FIRST = 0.2
"""Seconds before the first try again; twice as long each time."""
LONGEST = 30.0
"""Seconds at most."""


class Backoff:
    """Waits that grow until `reset`, each drawn from its upper half so that clients spread out."""

    def __init__(self, first: float = FIRST, longest: float = LONGEST) -> None:
        self._first = first
        self._longest = longest
        self.failures = 0

    def next(self) -> float:
        """Seconds to wait now."""
        # The exponent is bounded, since a float overflows long after `longest` is reached.
        seconds = min(self._longest, self._first * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return seconds * random.uniform(0.5, 1.0)  # noqa: S311

    def reset(self) -> None:
        """All is well again."""
        self.failures = 0
