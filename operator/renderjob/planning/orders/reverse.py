"""Reverse: from the last cell to the first."""

from collections.abc import Sequence


def reverse(count: int, _stride: int) -> Sequence[int]:
    """…, 2, 1, 0."""
    return range(count - 1, -1, -1)
