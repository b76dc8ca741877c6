"""An order that is computed, number by number: a million cells take no memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload


class Computed(Sequence[int]):
    """The numbers that a function gives for 0, 1, … up to a count."""

    def __init__(self, count: int, number: Callable[[int], int]) -> None:
        self._count = count
        self._number = number

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...

    def __getitem__(self, index: int | slice) -> int | tuple[int, ...]:
        if isinstance(index, slice):
            return tuple(map(self._number, range(*index.indices(self._count))))
        return self._number(range(self._count)[index])
