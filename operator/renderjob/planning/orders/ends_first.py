"""EndsFirst: the first cell, the last, then forward."""

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=16)
def ends_first(count: int, _stride: int) -> Sequence[int]:
    """0, n-1, 1, 2, …, n-2."""
    if count < 3:
        return range(count)
    return (0, count - 1, *range(1, count - 1))
