"""Stride: every n-th cell first, then the rest forward."""

from collections.abc import Sequence

from .sequence import Computed


def stride(count: int, stride: int) -> Sequence[int]:
    """0, n, 2n, …, then 1, 2, …, n-1, n+1, …"""
    strided = len(range(0, count, stride))

    def number(index: int) -> int:
        if index < strided:
            return index * stride
        # Between two that came first lie stride - 1 others.
        others = index - strided
        return others + others // (stride - 1) + 1

    return Computed(count, number)
