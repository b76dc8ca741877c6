"""Bisect: halves of halves, so that the whole is seen coarsely at once and ever finer."""

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=16)
def bisect(count: int, _stride: int) -> Sequence[int]:
    """0, then the middle, then the quarters, then the eighths, each level from left to right.

    Levels lie on a grid of powers of two: what is done at any time is then one regular pattern, which a range
    string says in a few words.
    """
    if not count:
        return ()
    order = [0]
    step = 1 << (count - 1).bit_length()
    while step > 1:
        order.extend(range(step // 2, count, step))
        step //= 2
    return tuple(order)
