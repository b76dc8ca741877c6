"""Bisect: halves of halves, so that the whole is seen coarsely at once and ever finer."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from .sequence import Computed


def bisect(count: int, _stride: int) -> Sequence[int]:
    """0, then the middle, then the quarters, then the eighths, each level from left to right.

    Levels lie on a grid of powers of two: what is done at any time is then one regular pattern, which a range
    string says in a few words.
    """
    if not count:
        return ()
    steps = [1 << bits for bits in range((count - 1).bit_length(), 0, -1)]
    levels = [range(1), *(range(step // 2, count, step) for step in steps)]
    firsts = [0, *accumulate(map(len, levels))]

    def number(index: int) -> int:
        level = bisect_right(firsts, index) - 1
        return levels[level][index - firsts[level]]

    return Computed(count, number)
