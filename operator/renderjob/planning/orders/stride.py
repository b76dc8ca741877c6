"""Stride: every n-th cell first, then the rest forward."""

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=16)
def stride(count: int, stride: int) -> Sequence[int]:
    """0, n, 2n, …, then 1, 2, …, n-1, n+1, …"""
    return (*range(0, count, stride), *(n for n in range(count) if n % stride))
