"""EndsFirst: the first cell, the last, then forward."""

from collections.abc import Sequence

from .sequence import Computed


def ends_first(count: int, _stride: int) -> Sequence[int]:
    """0, n-1, 1, 2, …, n-2."""
    if count < 3:
        return range(count)
    return Computed(count, lambda index: index - 1 if index > 1 else index * (count - 1))
