"""Forward: from the first cell to the last."""

from collections.abc import Sequence


def forward(count: int, _stride: int) -> Sequence[int]:
    """0, 1, 2, …"""
    return range(count)
