"""How long to wait before a retry: exponential, with jitter that is the same whoever computes it."""

from __future__ import annotations

import random
from datetime import timedelta

from renderjob.api import BackoffSpec

JITTER = 0.1
"""A wait is longer or shorter by up to this share, so that chunks that failed together do not retry together."""


LEAST = BackoffSpec(initial=1.0, factor=2.0, max=60.0)
"""What free failures wait for at least, whatever the manifest says: they have no end but by a success."""


def free_wait(backoff: BackoffSpec, times: int, *seed: object) -> timedelta:
    """The wait after the `times`-th free failure in a row: as `wait`, and never none."""
    shape = BackoffSpec.model_construct(
        initial=max(backoff.initial, LEAST.initial),
        factor=max(backoff.factor, LEAST.factor),
        max=longest(backoff),
    )
    return wait(shape, times, *seed)


def longest(backoff: BackoffSpec) -> float:
    """Seconds of the longest wait that there is."""
    return max(backoff.max, LEAST.max)


def wait(backoff: BackoffSpec, attempt: int, *seed: object) -> timedelta:
    """The wait after the `attempt`-th failure (from 1): initial * factor**(attempt-1), at most max.

    The jitter is drawn from `seed` (UID, chunk, attempt): an operator that starts anew computes the same wait.
    """
    # The exponent is bounded, since a float overflows long after `max` is reached.
    seconds = min(backoff.max, backoff.initial * backoff.factor ** min(attempt - 1, 64))
    draw = random.Random(f"{attempt}/{'/'.join(map(str, seed))}").uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return timedelta(seconds=min(backoff.max, seconds * draw))
