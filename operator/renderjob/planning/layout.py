"""Layouts: the cells that the frames asked for are cut into, whatever is rendered already.

A cell keeps its number and its frames while the job runs, so orders such as Bisect mean the same at every
decision, and counts of chunks do not jump when a chunk is retried for a part of its frames.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import cached_property
from itertools import accumulate, chain, count
from operator import itemgetter
from typing import Final, Protocol

from renderjob.api import RenderJobSpec, frames_of
from renderjob.frames import FrameSet
from renderjob.primitives import SizedCache


class Layout(Hashable, Protocol):
    """Cells, numbered from 0. Every frame asked for lies in exactly one."""

    token: int
    """Names the layout, for what is remembered of it."""
    total: FrameSet
    """All frames."""
    count: int
    """Number of cells."""
    atomic: bool
    """A cell is rendered whole or not at all: its chunk writes one file, or has a command of its own."""

    def cell(self, number: int) -> FrameSet:
        """The frames of a cell."""

    def cell_of(self, frame: int) -> int:
        """The cell that holds a frame."""

    def any_in(self, number: int, frames: FrameSet) -> bool:
        """Whether some of these frames may lie in the cell; quick, and never wrongly false."""

    def complete(self, done: FrameSet) -> int:
        """How many cells lie wholly in `done`."""

    def touched(self, frames: FrameSet) -> int:
        """How many cells hold some of these frames."""

    def whole(self, frames: FrameSet) -> FrameSet:
        """The frames of the cells that lie wholly in `frames`."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes, more or less."""


_tokens = count()


_Shapes = dict[tuple[int, int], FrameSet]


class _ByShape:
    """Cells of few shapes: whatever their number, all of one shape are looked at together."""

    _loose: Sequence[FrameSet] = ()
    """Cells whose shape few others have; they are looked at one by one."""

    @cached_property
    def _shapes(self) -> _Shapes:
        """The first frames of all other cells, by the cells' step and number of frames."""
        raise NotImplementedError

    def complete(self, done: FrameSet) -> int:
        """How many cells lie wholly in `done`: some set operations, whatever the number of cells."""
        return sum(
            len(done.starts_of(count, step) & starts) for (step, count), starts in self._shapes.items()
        ) + sum(cell <= done for cell in self._loose)

    def whole(self, frames: FrameSet) -> FrameSet:
        """The frames of the cells that lie wholly in `frames`: some set operations, whatever the number of cells."""
        shaped = (
            (frames.starts_of(count, step) & starts).spread(count, step)
            for (step, count), starts in self._shapes.items()
        )
        return FrameSet.union_of(chain(shaped, (cell for cell in self._loose if cell <= frames)))


class GridLayout(_ByShape):
    """Every run of the frames is cut into cells of `size` frames, so a cell is one progression."""

    def __init__(self, total: FrameSet, size: int, *, atomic: bool = False) -> None:
        self.total = total
        self.atomic = atomic
        self.token = next(_tokens)
        self._size = size
        self._runs = total.runs()
        self._starts = [run.start for run in self._runs]
        self._firsts = [0, *accumulate(-(-run.count // size) for run in self._runs)]
        self.count = self._firsts[-1]

    def _bounds(self, number: int) -> tuple[int, int, int]:
        index = bisect_right(self._firsts, number) - 1
        run = self._runs[index]
        start = run.start + (number - self._firsts[index]) * self._size * run.step
        return start, min(run.end, start + (self._size - 1) * run.step), run.step

    def cell(self, number: int) -> FrameSet:
        """The frames of a cell, one progression."""
        return FrameSet.range(*self._bounds(number))

    def cell_of(self, frame: int) -> int:
        """The cell that holds a frame."""
        index = bisect_right(self._starts, frame) - 1
        run = self._runs[index]
        return self._firsts[index] + (frame - run.start) // (self._size * run.step)

    def any_in(self, number: int, frames: FrameSet) -> bool:
        """Whether some of these frames lie between the cell's ends."""
        start, end, _ = self._bounds(number)
        return frames.count_between(start, end) > 0

    def touched(self, frames: FrameSet) -> int:
        """How many cells hold some of these frames; with cells of several frames, a step for each."""
        if self._size == 1:
            return len(frames & self.total)
        number, left = 0, frames & self.total
        while left:
            number += 1
            _, end, _ = self._bounds(self.cell_of(left.first))
            left = left.after(end)
        return number

    @property
    def nbytes(self) -> int:
        """Its frames, its runs, and as much again for the first frames of its cells."""
        return 2 * self.total.nbytes + 400 * len(self._runs)

    @cached_property
    def _shapes(self) -> _Shapes:
        firsts: dict[tuple[int, int], list[FrameSet]] = {}
        for run in self._runs:
            whole, rest = divmod(run.count, self._size)
            width = self._size * run.step
            if whole:
                last = run.start + (whole - 1) * width
                firsts.setdefault((run.step, self._size), []).append(FrameSet.range(run.start, last, width))
            if rest:
                first = run.start + whole * width
                firsts.setdefault((run.step, rest), []).append(FrameSet.range(first, first))
        return {shape: FrameSet.union_of(sets) for shape, sets in firsts.items()}


_MANY: Final = 16
"""Cells of one shape that are kept as a shape and a number each."""


class ExplicitLayout(_ByShape):
    """The cells are the chunks that the manifest lists, each with its own command."""

    atomic = True

    def __init__(self, cells: tuple[FrameSet, ...]) -> None:
        self.total = FrameSet.union_of(cells)
        self.token = next(_tokens)
        self.count = len(cells)
        runs = [cell.progression() for cell in cells]
        alike = Counter((run.step, run.count) for run in runs if run is not None)
        self._cells = [
            run if run is not None and alike[run.step, run.count] >= _MANY else cell
            for run, cell in zip(runs, cells, strict=True)
        ]
        self._loose = [cell for cell in self._cells if isinstance(cell, FrameSet)]
        self._rows: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        """Runs of cells, each as its start, its end and its cell's number; those that may follow each other together,
        by their step and the rest of their frames."""
        for number, (run, cell) in enumerate(zip(runs, cells, strict=True)):
            for start, end, step in cell.runs() if run is None else (run,):
                self._rows.setdefault((step, start % step), []).append((start, end, number))
        for row in self._rows.values():
            row.sort()
        self._steps = sorted({step for step, _ in self._rows})

    def cell(self, number: int) -> FrameSet:
        """The frames of a listed chunk."""
        cell = self._cells[number]
        return cell if isinstance(cell, FrameSet) else FrameSet.range(*cell)

    def cell_of(self, frame: int) -> int:
        """The listed chunk that holds a frame."""
        for step in self._steps:
            row = self._rows.get((step, frame % step), ())
            index = bisect_right(row, frame, key=itemgetter(0)) - 1
            if index >= 0 and row[index][1] >= frame:
                return row[index][2]
        raise ValueError(f"frame {frame} is in no listed chunk")

    def any_in(self, number: int, frames: FrameSet) -> bool:
        """Whether some of these frames lie in the chunk."""
        cell = self._cells[number]
        if isinstance(cell, FrameSet):
            return not cell.isdisjoint(frames)
        between = frames.count_between(cell.start, cell.end) > 0
        return between and (cell.step == 1 or not self.cell(number).isdisjoint(frames))

    def touched(self, frames: FrameSet) -> int:
        """How many listed chunks hold some of these frames."""
        return self.count - self.complete(self.total - frames)

    @property
    def nbytes(self) -> int:
        """Its frames, and some entries for each run."""
        loose = sum(cell.nbytes for cell in self._loose)
        return self.total.nbytes + loose + 400 * sum(map(len, self._rows.values()))

    @cached_property
    def _shapes(self) -> _Shapes:
        firsts: dict[tuple[int, int], list[int]] = {}
        for cell in self._cells:
            if not isinstance(cell, FrameSet):
                firsts.setdefault((cell.step, cell.count), []).append(cell.start)
        return {shape: FrameSet(starts) for shape, starts in firsts.items()}


_Key = tuple[str, int, bool] | tuple[str, ...]
_known: SizedCache[_Key, Layout] = SizedCache(16 << 20, lambda _, layout: layout.nbytes)


def layout_of(spec: RenderJobSpec, size: int | None = None) -> Layout:
    """The layout of a spec; `size` is the chunk size where it follows from measured frame times."""
    if spec.chunks.explicit is not None:
        listed = tuple([chunk.frames for chunk in spec.chunks.explicit])
        known = _known.get(listed)
        if known is None:
            known = _known.put(listed, ExplicitLayout(tuple(map(frames_of, listed))))
        return known
    atomic = spec.output is not None and spec.output.chunk_file is not None
    key = spec.frames, size or spec.chunk_size, atomic
    known = _known.get(key)
    if known is None:
        known = _known.put(key, GridLayout(frames_of(spec.frames), key[1], atomic=atomic))
    return known
