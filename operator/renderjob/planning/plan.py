"""Plans: missing frames become chunks, in order, as many as are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from renderjob.api import Order
from renderjob.frames import FrameSet
from renderjob.primitives import SizedCache

from .layout import Layout
from .orders import ORDERS

_BLOCK = 256
"""Cells of an order that are looked at together."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames of one cell of the layout, at most all of them.

    Unless the manifest lists its chunks itself, the frames are one progression, so that a start, an end and
    a step tell a renderer all of it.
    """

    number: int
    """The cell's number in the layout, from 0."""
    frames: FrameSet
    """What is to be rendered."""


def cut(layout: Layout, number: int, missing: FrameSet) -> Iterator[Chunk]:
    """The chunks that render what is missing of one cell: one for each progression, or the cell if atomic."""
    cell = layout.cell(number)
    if cell <= missing or (layout.atomic and not cell.isdisjoint(missing)):
        yield Chunk(number, cell)
        return
    if layout.atomic:
        return
    for start, end, step in _progressions(cell, cell & missing):
        yield Chunk(number, FrameSet.range(start, end, step))


def _progressions(cell: FrameSet, missing: FrameSet) -> Sequence[tuple[int, int, int]]:
    """What is missing of a cell as few progressions: in the cell's own step, unless another takes fewer."""
    whole = cell.progression()
    if whole is None or not missing:
        return missing.runs()
    own = [(start, end, whole.step) for start, end in missing.intervals(whole.step)]
    return min(own, missing.runs(), key=len)


def planned(layout: Layout, missing: FrameSet, order: Order, stride: int) -> Iterator[Chunk]:
    """Chunks for the missing frames, lazily, the first to be started first."""
    if not missing:
        return
    numbers = ORDERS[order](layout.count, stride)
    for number in _candidates(layout, missing, numbers, (layout.token, order, stride)):
        if layout.any_in(number, missing):
            yield from cut(layout, number, missing)


_Key = tuple[int, Order, int]
"""A layout, and an order of its cells."""


def _candidates(layout: Layout, missing: FrameSet, numbers: Sequence[int], key: _Key) -> Iterator[int]:
    """The numbers of an order, without long stretches where nothing is missing: most of a job is done once."""
    if isinstance(numbers, range) and numbers and not layout.atomic:
        first, last = layout.cell_of(missing.first), layout.cell_of(missing.last)
        yield from range(first, last + 1) if numbers.step > 0 else range(last, first - 1, -1)
        return
    for start in range(0, layout.count, _BLOCK):
        frames = _blocks.get((key, start))
        if frames is None:
            block = numbers[start : start + _BLOCK]
            frames = _blocks.put((key, start), FrameSet.union_of(layout.cell(number) for number in block))
        if not missing.isdisjoint(frames):
            yield from numbers[start : start + _BLOCK]


_blocks: SizedCache[tuple[_Key, int], FrameSet] = SizedCache(8 << 20, lambda _, frames: frames.nbytes)
"""The frames of blocks of cells: every decision asks whether something of them is missing."""
