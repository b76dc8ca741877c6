"""Runs of frames: how an ascending list of intervals becomes `1-99x2,150`, left to right.

Everything here works on two signed 32-bit arrays, the first and the last frames of a set's maximal
contiguous intervals, which the C side of a frame set delivers at once.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

LAST_FRAME = 2**31 - 1

# How many elements are compared one by one before blocks are compared in C.
_ONE_BY_ONE = 8
_LARGEST_BLOCK = 1 << 16


class Run(NamedTuple):
    """Frames `start, start + step, ..., end`; `end` is a frame of the run, `step` is 1 for a single frame."""

    start: int
    end: int
    step: int

    @property
    def count(self) -> int:  # type: ignore[override]  # a run is a tuple only for speed
        """The number of frames in the run."""
        return (self.end - self.start) // self.step + 1

    def frames(self) -> range:
        """The run's frames, ascending."""
        return range(self.start, self.end + 1, self.step)

    def __str__(self) -> str:
        """The run as a part of a range string: `7`, `1-10` or `1-99x2`."""
        if self.start == self.end:
            return str(self.start)
        if self.step == 1:
            return f"{self.start}-{self.end}"
        return f"{self.start}-{self.end}x{self.step}"


def row_length(starts: "array[int]", ends: "array[int]", at: int, step: int) -> int:
    """How many intervals from index `at` on, itself included, repeat it at a distance of `step` each.

    The cost is in proportion to the result: both arrays are compared together, in blocks that grow.
    """
    start, end = starts[at], ends[at]
    left = min(len(starts) - at, (LAST_FRAME - end) // step + 1)
    count = 1
    while count < left and count < _ONE_BY_ONE:
        if starts[at + count] != start + count * step or ends[at + count] != end + count * step:
            return count
        count += 1
    # Blocks double while they match; from the first that does not, they halve down to the end.
    block, growing = _ONE_BY_ONE, True
    while block and count < left:
        size = min(block, left - count)
        if _continues(starts, at, count, size, step) and _continues(ends, at, count, size, step):
            count += size
        else:
            growing = False
        block = min(block * 2, _LARGEST_BLOCK) if growing else size // 2
    return count


def _continues(values: "array[int]", at: int, count: int, size: int, step: int) -> bool:
    first = values[at] + count * step
    expected = array("i", range(first, first + size * step, step))
    return values[at + count : at + count + size] == expected


def greedy_runs(
    starts: "array[int]", ends: "array[int]", longer: "array[int]", nearest: int
) -> Iterator[tuple[int, int, int]]:
    """Decompose ascending intervals into (start, end, step), ascending and disjoint.

    The next run is the longest progression that begins with the next two frames. It is kept if its step
    is 1 or if it has three frames or more; otherwise its first frame stands alone. `longer` are the first
    frames of the intervals that are no single frames; no two intervals begin less than `nearest` apart,
    which makes runs of that step cheap.
    """
    at, total = 0, len(starts)
    start = starts[0] if total else 0
    while at < total:
        end = ends[at]
        if start < end:
            yield start, end, 1
        elif _three_in_step(starts, ends, at, start):
            step = starts[at + 1] - start
            at = _last_in_step(starts, ends, at + 1, step, longer if step == nearest else None)
            yield start, starts[at], step
            if starts[at] < ends[at]:  # the run took the first frame of a longer interval
                start = starts[at] + 1
                continue
        else:
            yield start, start, 1
        at += 1
        if at < total:
            start = starts[at]


def _three_in_step(starts: "array[int]", ends: "array[int]", at: int, start: int) -> bool:
    """Whether the single frame `start`, which ends interval `at`, begins a progression of three frames."""
    if at + 2 >= len(starts):
        return False
    second = starts[at + 1]
    return ends[at + 1] == second and starts[at + 2] - second == second - start


def _last_in_step(
    starts: "array[int]", ends: "array[int]", at: int, step: int, longer: "array[int] | None"
) -> int:
    """Index of the interval whose first frame is the last that continues single frame `at` by `step`.

    `longer` holds the first frames of the intervals that are no single frames, if none begin nearer than
    `step` to each other.
    """
    if longer is not None:
        return at + _dense_row(starts, at, step, longer) - 1
    after = at + row_length(starts, ends, at, step)
    if after < len(starts) and starts[after] - starts[after - 1] == step:
        return after  # a longer interval: only its first frame belongs
    return after - 1


def _dense_row(starts: "array[int]", at: int, step: int, longer: "array[int]") -> int:
    """How many intervals from `at` on begin `step` apart, when none begin nearer than that.

    Then n of them that span (n - 1) steps are a row without a look at those between, so the length is found
    by bisection. A longer interval ends the row with its first frame.
    """
    next_longer = bisect_left(longer, starts[at])
    total = len(starts)
    if next_longer < len(longer):
        total = bisect_left(starts, longer[next_longer], at) + 1
    base = starts[at] - at * step
    low, size = at, 1
    while low + size < total and starts[low + size] == base + (low + size) * step:
        low += size
        size *= 2
    while size:
        if low + size < total and starts[low + size] == base + (low + size) * step:
            low += size
        size //= 2
    return low - at + 1
