"""Waiting for what a cluster does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which something that should happen is taken not to; long enough for any machine."""


def until(condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """Poll until a condition is true; returns its value.

    Raises:
        AssertionError: it does not become true.
    """
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain {what}")
        time.sleep(0.05)
    return value
