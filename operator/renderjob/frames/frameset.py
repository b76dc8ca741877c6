"""FrameSet: an immutable set of frame numbers that costs little at a million frames."""

from array import array
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice, repeat
from typing import Self

from pyroaring import BitMap

from renderjob.frames.rangetext import PLAIN_PARTS, interleave, join, read_canonical
from renderjob.frames.runs import LAST_FRAME, Run, greedy_runs

FIRST_FRAME = -(2**31)
# Roaring bitmaps hold unsigned numbers: a frame is stored as frame + _OFFSET.
_OFFSET = 2**31
# From this step on pyroaring 1.2 overflows 32 bits near the upper end of a stepped range and never returns.
_LONG_STEP = 1 << 16
# A stepped part of fewer frames is cheaper as plain numbers than as a bitmap of its own.
_FEW_FRAMES = 64

_ALL = 1 << 32
"""More parts than any set has."""

# Bytes of an empty set, of a container of a bitmap beside what is in it, and of a run.
_OBJECT, _CONTAINER, _RUN = 300, 80, 160

# Distances between the first frames of intervals that are looked for: "on twos" to "on eights".
_GAPS = range(2, 9)

_as_run = partial(tuple.__new__, Run)


class FrameSet:
    """An immutable, hashable set of frames, -2**31 to 2**31 - 1, with `|`, `-`, `&`, `==` and `<=`.

    Set operations run in C (CRoaring) and a set's text, hash and runs, if they are few, are computed once.
    Iteration is ascending. A frame out of range is a ValueError.
    """

    __slots__ = ("_bits", "_hash", "_runs", "_text")

    def __init__(self, frames: Iterable[int] = ()) -> None:
        numbers = list(frames)
        for extreme in (min(numbers), max(numbers)) if numbers else ():
            _check(extreme)
        self._adopt(BitMap(array("I", [frame + _OFFSET for frame in numbers])))

    def _adopt(self, bits: BitMap) -> None:
        self._bits = bits
        self._runs: tuple[Run, ...] | None = None
        self._text: str | None = None
        self._hash: int | None = None

    @classmethod
    def _of(cls, bits: BitMap) -> Self:
        made = cls.__new__(cls)
        made._adopt(bits)
        return made

    @classmethod
    def range(cls, start: int, end: int, step: int = 1) -> Self:
        """Frames start, start + step, ... up to and including `end`; empty if `end` is before `start`.

        Raises ValueError for a step below 1 and for frames out of range.
        """
        if step < 1:
            raise ValueError(f"a range of frames needs a step of 1 or more, not {step}")
        if end < start:
            return cls._of(BitMap())
        _check(start)
        _check(end)
        made = cls._of(_stepped(start, end, step))
        more = (end - start) // step
        if more != 1 or step == 1:
            # Two frames at a distance are two runs; whatever else a range is, is known to be one.
            made._runs = (Run(start, start + more * step, step if more else 1),)
        return made

    @classmethod
    def parse(cls, text: str) -> Self:
        """The set that a range string names: `1-99x2,150` as `str` writes it, or any frame expression.

        Text in the form that `str` writes is read fast and without a bound on the number of frames, so
        that every set can be read back; use `parse_expression` for what a user wrote. The empty text is
        the empty set. Raises FrameExpressionError for text that is neither.
        """
        if not text:
            return cls._of(BitMap())
        parts = read_canonical(text)
        if parts is None or min(parts)[0] < FIRST_FRAME or max(end for _, end, _ in parts) > LAST_FRAME:
            from renderjob.frames.expression import parse_expression

            return cls._of(parse_expression(text)._bits)
        return cls._of(_union_of_parts(parts))

    @classmethod
    def parse_at_most(cls, text: str, most: int) -> Self:
        """The set that `str` wrote, read from somebody who is not believed: nothing is made before it is counted.

        Raises ValueError for text that is not in that form, and for more than `most` frames.
        """
        parts = read_canonical(text) if text else []
        if parts is None:
            raise ValueError(f"no range string: {text[:60]!r}")
        if sum((end - start) // step + 1 for start, end, step in parts) > most:
            raise ValueError(f"a range string of more than {most} frames: {text[:60]!r}")
        for start, end, _ in parts:
            _check(start)
            _check(end)
        if len(parts) == 1:
            return cls.range(*parts[0])
        return cls._of(_union_of_parts(parts))

    @classmethod
    def union_of(cls, sets: Iterable["FrameSet"]) -> Self:
        """All frames of all the sets, in one operation."""
        some = [each for each in sets if each._bits]
        if len(some) == 1 and type(some[0]) is cls:
            return some[0]
        return cls._of(BitMap.union(*(each._bits for each in some)) if some else BitMap())

    # What is nothing, or all, of an operand is that operand, with all that is known of it.

    def __or__(self, other: "FrameSet") -> Self:
        if not isinstance(other, FrameSet):
            return NotImplemented
        return self._of(self._bits | other._bits) if other._bits and other is not self else self

    def __sub__(self, other: "FrameSet") -> Self:
        if not isinstance(other, FrameSet):
            return NotImplemented
        return self._of(self._bits - other._bits) if other._bits else self

    def __and__(self, other: "FrameSet") -> Self:
        if not isinstance(other, FrameSet):
            return NotImplemented
        return self._of(self._bits & other._bits) if other is not self else self

    def __eq__(self, other: object) -> bool:
        return self._bits == other._bits if isinstance(other, FrameSet) else NotImplemented

    def __le__(self, other: "FrameSet") -> bool:
        return self._bits <= other._bits if isinstance(other, FrameSet) else NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            starts, ends = self._bounds()
            self._hash = hash((starts.tobytes(), ends.tobytes()))
        return self._hash

    def isdisjoint(self, other: "FrameSet") -> bool:
        """Whether the two sets have no frame in common."""
        return self._bits.isdisjoint(other._bits)

    def __len__(self) -> int:
        return len(self._bits)

    def __bool__(self) -> bool:
        return bool(self._bits)

    def __contains__(self, frame: int) -> bool:
        return FIRST_FRAME <= frame <= LAST_FRAME and frame + _OFFSET in self._bits

    def __iter__(self) -> Iterator[int]:
        return iter(_signed(self._bits))

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the set takes, more or less."""
        held = self._bits.get_statistics()
        inside = (
            held["n_bytes_array_containers"]
            + held["n_bytes_run_containers"]
            + held["n_bytes_bitset_containers"]
        )
        text = 0 if self._text is None else len(self._text)
        return _OBJECT + held["n_containers"] * _CONTAINER + inside + text + _RUN * len(self._runs or ())

    @property
    def first(self) -> int:
        """The smallest frame; ValueError if the set is empty."""
        self._need_frames("first")
        return self._bits.min() - _OFFSET

    @property
    def last(self) -> int:
        """The largest frame; ValueError if the set is empty."""
        self._need_frames("last")
        return self._bits.max() - _OFFSET

    def _need_frames(self, which: str) -> None:
        if not self._bits:
            raise ValueError(f"an empty set of frames has no {which} frame")

    def count_between(self, start: int, end: int) -> int:
        """How many of the frames lie from `start` to `end`, both included."""
        low = max(FIRST_FRAME, start)
        high = min(LAST_FRAME, end)
        return self._bits.range_cardinality(low + _OFFSET, high + _OFFSET + 1) if low <= high else 0

    def after(self, frame: int) -> Self:
        """The frames that are larger than `frame`."""
        return self.slice(self.count_between(FIRST_FRAME, frame), len(self._bits))

    def rank_of(self, frame: int) -> int:
        """How many frames of the set are smaller than `frame`, which need not be in it."""
        return self.count_between(FIRST_FRAME, frame - 1)

    def take(self, n: int) -> Self:
        """The first `n` frames, or all if there are fewer."""
        return self.slice(0, n)

    def slice(self, i: int, j: int) -> Self:
        """The frames of rank i to j - 1, counted from 0; ranks outside the set are ignored."""
        low, high = max(i, 0), min(j, len(self._bits))
        if low >= high:
            return self._of(BitMap())
        if high - low == len(self._bits):
            return self
        window = BitMap()
        window.add_range(self._bits[low], self._bits[high - 1] + 1)
        return self._of(self._bits & window)

    def every(self, n: int) -> Self:
        """The first frame, and every n-th after it.

        Raises ValueError for a number below 1.
        """
        if n < 1:
            raise ValueError(f"every n-th frame needs an n of 1 or more, not {n}")
        return self._of(BitMap(self._bits.to_array()[::n]))

    def starts_of(self, count: int, step: int = 1) -> Self:
        """The frames x for which x, x + step, ..., `count` of them, all are in the set.

        Costs a number of C operations in the logarithm of `count`.
        """
        if count < 1 or step < 1:
            raise ValueError(f"a progression needs a count and a step of 1 or more, not {count} and {step}")
        bits, width = self._bits, 1
        while width < count:
            more = min(width, count - width)
            bits = bits & bits.shift(-more * step)
            width += more
        return self._of(bits)

    def spread(self, count: int, step: int = 1) -> Self:
        """The frames x, x + step, ..., `count` of them, for every x of the set; `starts_of` gives the x back.

        Costs a number of C operations in the logarithm of `count`.
        """
        if count < 1 or step < 1:
            raise ValueError(f"a progression needs a count and a step of 1 or more, not {count} and {step}")
        bits, width = self._bits, 1
        while width < count:
            more = min(width, count - width)
            bits = bits | bits.shift(more * step)
            width += more
        return self._of(bits)

    def intervals(self, step: int = 1) -> list[tuple[int, int]]:
        """The maximal progressions a, a + step, ..., b of the set, as (a, b), ascending.

        Only for a set whose frames all are congruent modulo `step` (always so for step 1); for others the
        pairs mean nothing. The Python part of the cost is in proportion to the number of intervals.
        """
        if step < 1:
            raise ValueError(f"intervals need a step of 1 or more, not {step}")
        starts, ends = self._bounds(step)
        return list(zip(starts, ends, strict=True))

    def _bounds(self, step: int = 1) -> tuple["array[int]", "array[int]"]:
        bits = self._bits
        return _signed(bits - bits.shift(step)), _signed(bits - bits.shift(-step))

    def runs(self) -> tuple[Run, ...]:
        """The set as runs, ascending and disjoint, found greedily from left to right.

        A run is the longest progression that begins with the next two frames, if its step is 1 or it has
        three frames or more; a frame that begins no such run stands alone: 1,3-6 or 1-99x2,150.
        """
        if self._runs is not None:
            return self._runs
        runs = tuple(self._each_run())
        if len(runs) <= PLAIN_PARTS:
            self._runs = runs
        return runs

    def progression(self) -> Run | None:
        """The set as one run, if it is one; None if not, or if it is empty.

        Unlike in `runs`, two frames are a progression, too: their step is the distance between them.
        """
        if len(self._bits) == 2:
            first, last = self.first, self.last
            return Run(first, last, last - first)
        runs = self._runs if self._runs is not None else tuple(islice(self._each_run(), 2))
        return runs[0] if len(runs) == 1 else None

    def _each_run(self) -> Iterator[Run]:
        """The runs, found only as far as they are asked for."""
        bits = self._bits
        if not bits:
            return iter(())
        low, high = bits.min(), bits.max()
        if high - low + 1 == len(bits):
            return iter((Run(low - _OFFSET, high - _OFFSET, 1),))
        starts, ends = bits - bits.shift(1), bits - bits.shift(-1)
        if starts.isdisjoint(ends):  # no single frames, so no steps: the intervals are the runs
            return map(_as_run, zip(_signed(starts), _signed(ends), repeat(1)))
        nearest = next((gap for gap in _GAPS if not starts.isdisjoint(starts.shift(gap))), _GAPS[0])
        return map(_as_run, greedy_runs(_signed(starts), _signed(ends), _signed(starts - ends), nearest))

    def __str__(self) -> str:
        """The canonical range string: the same text for the same set; `parse` reads it back."""
        if self._text is None:
            self._text = join(self._parts(_ALL) or ())
        return self._text

    def text_within(self, most: int) -> str | None:
        """The canonical range string, if it has at most so many characters; None if it has more.

        Costs in proportion to `most`, beside some operations in C, however many parts the set has.
        """
        if self._text is None:
            # A part has two characters at least, with its comma.
            parts = self._parts(most // 2 + 1)
            text = None if parts is None else join(parts)
            if text is None or len(text) > most:
                return None
            self._text = text
        return self._text if len(self._text) <= most else None

    def brief(self, most: int = 200) -> str:
        """The range string for a person: all of it, or as many of its first parts as fit, and an ellipsis.

        Costs in proportion to `most`.
        """
        text = self.text_within(most)
        if text is not None:
            return text
        text = join(islice(self._each_run(), most // 2 + 1))[: max(0, most - 3)]
        return f"{text[: text.rfind(',') + 1]} …" if "," in text else "…"

    def within(self, most: int) -> Self:
        """The largest beginning of the set, or nearly, whose range string has at most so many characters."""
        if self.text_within(most) is not None:
            return self
        # As many of the first runs as fit; what is written with them interleaved is rarely longer.
        count, size = 0, -1
        for run in islice(self._each_run(), most // 2 + 1):
            size += len(str(run)) + 1
            if size > most:
                break
            count += run.count
        some = self.take(count)
        while some.text_within(most) is None:
            some = some.take(len(some) // 2)
        return some

    def _parts(self, most: int) -> Iterable[Run] | None:
        """The parts of the canonical range string; None if there are more than `most`."""
        few = self._runs if self._runs is not None else tuple(islice(self._each_run(), PLAIN_PARTS + 1))
        if len(few) <= PLAIN_PARTS:
            return few if len(few) <= most else None
        return self._many_parts(most)

    def _many_parts(self, most: int) -> Iterable[Run] | None:
        """The parts of a set with more than PLAIN_PARTS runs: rows of equal blocks interleaved."""
        bits = self._bits
        starts, ends = bits - bits.shift(1), bits - bits.shift(-1)
        blocks = interleave(_signed(starts - ends), _signed(ends - starts), most)
        if blocks is None:
            return None
        rest = self - self._of(_union_of_parts(blocks)) if blocks else self
        each = rest._each_run() if rest._runs is None else iter(rest._runs)
        parts = sorted(chain(blocks, islice(each, most + 1)))
        return parts if len(parts) <= most else None

    def __repr__(self) -> str:
        return f"FrameSet.parse({str(self)!r})"

    def __reduce__(self) -> tuple[object, tuple[BitMap]]:
        return FrameSet._of, (self._bits,)


def _check(frame: int) -> None:
    if not FIRST_FRAME <= frame <= LAST_FRAME:
        raise ValueError(f"frame {frame} is out of range: frames are numbered {FIRST_FRAME} to {LAST_FRAME}")


def _stepped(start: int, end: int, step: int) -> BitMap:
    numbers = range(start + _OFFSET, end + _OFFSET + 1, step)
    return BitMap(numbers if step < _LONG_STEP else array("I", numbers))


def _union_of_parts(parts: Iterable[tuple[int, int, int]]) -> BitMap:
    """The union of (start, end, step) parts, whatever their order and overlap, in range."""
    bits = BitMap()
    few: list[int] = []
    long: list[BitMap] = []
    for start, end, step in parts:
        if step == 1:
            bits.add_range(start + _OFFSET, end + _OFFSET + 1)
        elif end - start < _FEW_FRAMES * step:
            few.extend(range(start + _OFFSET, end + _OFFSET + 1, step))
        else:
            long.append(_stepped(start, end, step))
    return BitMap.union(bits, BitMap(array("I", few)), *long)


def _signed(bits: BitMap) -> "array[int]":
    """The frames of a bitmap as an ascending array of signed 32-bit numbers, without a Python loop.

    Shifting by half of the range, one way and then the other, gives the two's complement of the negative
    and of the other frames; what a shift pushes out of range is the other half, and is dropped.
    """
    frames = array("i")
    if bits and bits.min() < _OFFSET:
        frames.frombytes(bits.shift(_OFFSET).to_array().tobytes())
    frames.frombytes(bits.shift(-_OFFSET).to_array().tobytes())
    return frames


EMPTY = FrameSet()
