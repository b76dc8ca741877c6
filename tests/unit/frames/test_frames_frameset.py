"""FrameSet: set algebra, ranks, runs and the canonical range string."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.frames import EMPTY, FrameExpressionError, FrameSet, Run

LOWEST, HIGHEST = -(2**31), 2**31 - 1

_anywhere = st.frozensets(st.integers(LOWEST, HIGHEST), max_size=30)
_dense = st.frozensets(st.integers(-40, 160))
_edges = st.frozensets(st.integers(LOWEST, LOWEST + 20) | st.integers(HIGHEST - 20, HIGHEST))
_rows = st.builds(
    lambda first, length, gap, rows, holes: (
        frozenset(first + row * (length + gap) + frame for row in range(rows) for frame in range(length))
        - holes
    ),
    st.integers(-50, 50),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(0, 150),
    st.frozensets(st.integers(-50, 1500), max_size=4),
)
_frames = _anywhere | _dense | _edges | _rows


@given(_frames, _frames)
def test_set_algebra_is_that_of_python_sets(a, b):
    left, right = FrameSet(a), FrameSet(b)
    assert set(left | right) == a | b
    assert set(left - right) == a - b
    assert set(left & right) == a & b
    assert (left == right) == (a == b)
    assert (left <= right) == (a <= b)
    assert left.isdisjoint(right) == a.isdisjoint(b)
    assert FrameSet.union_of([left, right, left]) == FrameSet(a | b)


@given(_frames)
def test_iteration_is_ascending_and_size_first_and_last_agree(frames):
    made = FrameSet(frames)
    assert list(made) == sorted(frames)
    assert len(made) == len(frames)
    assert bool(made) == bool(frames)
    if frames:
        assert (made.first, made.last) == (min(frames), max(frames))


@given(_frames, st.integers(LOWEST - 5, HIGHEST + 5) | st.integers(-60, 200))
def test_membership_and_rank_hold_for_any_number(frames, number):
    made = FrameSet(frames)
    assert (number in made) == (number in frames)
    assert made.rank_of(number) == sum(frame < number for frame in frames)


@given(_frames, st.integers(-60, 200), st.integers(-60, 200))
def test_count_between_includes_both_ends(frames, start, end):
    assert FrameSet(frames).count_between(start, end) == sum(start <= frame <= end for frame in frames)


@given(_frames, st.integers(0, 200), st.integers(0, 200))
def test_slices_are_by_rank(frames, i, j):
    assert list(FrameSet(frames).slice(i, j)) == sorted(frames)[i:j]
    assert list(FrameSet(frames).take(i)) == sorted(frames)[:i]


def test_a_slice_ignores_ranks_outside_the_set():
    assert FrameSet.range(1, 5).slice(-3, 99) == FrameSet.range(1, 5)
    assert FrameSet.range(1, 5).take(-1) == EMPTY


@given(_frames)
def test_a_set_is_read_back_from_its_text(frames):
    made = FrameSet(frames)
    assert FrameSet.parse(str(made)) == made
    assert FrameSet.parse(",".join(map(str, frames))) == made


@given(_frames, st.data())
def test_the_text_does_not_depend_on_how_the_set_was_built(frames, data):
    cut = data.draw(st.frozensets(st.sampled_from(sorted(frames)))) if frames else frozenset()
    surplus = FrameSet.range(-50, 170) - FrameSet(frames)
    by_parts = (FrameSet(cut) | surplus | FrameSet(sorted(frames - cut, reverse=True))) - surplus
    made = FrameSet(frames)
    made.runs()
    assert str(by_parts) == str(made)
    assert hash(by_parts) == hash(made)
    assert by_parts.runs() == made.runs()


def _greedy(frames):
    """The decomposition as its definition has it, frame by frame."""
    runs, left = [], sorted(frames)
    while left:
        count = 1
        step = left[1] - left[0] if len(left) > 1 else 1
        while count < len(left) and left[count] - left[count - 1] == step:
            count += 1
        if count < 3 and step > 1:
            count, step = 1, 1
        runs.append(Run(left[0], left[count - 1], step))
        left = left[count:]
    return tuple(runs)


@given(_frames)
def test_runs_are_the_greedy_decomposition_from_left_to_right(frames):
    assert FrameSet(frames).runs() == _greedy(frames)


@given(_frames)
def test_runs_are_ascending_disjoint_and_cover_the_set(frames):
    runs = FrameSet(frames).runs()
    assert [frame for run in runs for frame in run.frames()] == sorted(frames)
    assert sum(run.count for run in runs) == len(frames)


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([1, 2], "1-2"),
        ([1, 3], "1,3"),
        ([1, 3, 4, 5, 6], "1,3-6"),
        ([1, 3, 5, 6, 7], "1-5x2,6-7"),
        ([1, 3, 5, 6], "1-5x2,6"),
        ([0, 10, 19, 20, 30], "0,10,19-20,30"),
        ([*range(1, 100, 2), 150], "1-99x2,150"),
        ([*range(-5, 6)], "-5-5"),
        ([*range(-5, 0)], "-5--1"),
        ([LOWEST, HIGHEST], "-2147483648,2147483647"),
        ([HIGHEST - 1, HIGHEST], "2147483646-2147483647"),
    ],
)
def test_a_set_is_written_as(frames, text):
    made = FrameSet(frames)
    assert str(made) == text
    assert list(FrameSet.parse(text)) == frames
    assert repr(made) == f"FrameSet.parse({text!r})"


def test_a_stepped_range_ends_on_its_last_real_frame():
    assert str(FrameSet.range(1, 100, 2)) == "1-99x2"


def test_rows_of_equal_blocks_are_written_interleaved_once_there_are_many():
    blocks = FrameSet.union_of(FrameSet.range(start, start + 9) for start in range(1, 100_000, 20))
    assert len(blocks) == 50_000
    assert str(blocks).startswith("1-99981x20,2-99982x20,")
    assert len(str(blocks)) < 120
    assert FrameSet.parse(str(blocks)) == blocks


def test_a_stray_frame_among_the_blocks_costs_one_part():
    blocks = FrameSet.union_of(FrameSet.range(start, start + 9) for start in range(1, 100_000, 20))
    stray = blocks | FrameSet([515])
    assert str(stray).split(",") == sorted(
        [*str(blocks).split(","), "515"], key=lambda part: int(part.split("-")[0])
    )


def test_sixty_four_blocks_are_still_written_one_by_one():
    starts = range(1, 1 + 64 * 20, 20)
    plain = FrameSet.union_of(FrameSet.range(start, start + 9) for start in starts)
    assert str(plain).split(",") == [f"{start}-{start + 9}" for start in starts]
    assert len(str(plain | FrameSet.range(1281, 1290)).split(",")) == 10


def test_rows_of_fewer_blocks_than_a_block_has_frames_stay_as_they_are():
    starts = range(1, 1 + 70 * 200, 200)
    long = FrameSet.union_of(FrameSet.range(start, start + 69) for start in starts)
    assert str(long).split(",") == [f"{start}-{start + 69}" for start in starts]


def test_text_is_read_whatever_the_order_and_overlap_of_its_parts():
    assert FrameSet.parse("5-9,1-3,2-6,1-100000x50000") == FrameSet([*range(1, 10), 50001])


def test_text_that_is_no_canonical_range_string_is_read_as_a_frame_expression():
    assert FrameSet.parse("10-1, 20-22") == FrameSet([*range(1, 11), 20, 21, 22])
    with pytest.raises(FrameExpressionError):
        FrameSet.parse("1-10x0")
    with pytest.raises(FrameExpressionError, match="out of range"):
        FrameSet.parse("1,2147483648")


def test_a_set_beyond_the_bound_of_expressions_is_still_read_back():
    large = FrameSet.range(1, 5_000_000)
    assert FrameSet.parse(str(large)) == large


@given(st.integers(-50, 50), st.integers(-50, 250), st.integers(1, 9) | st.integers(60_000, 70_000))
def test_a_range_includes_both_ends(start, end, step):
    assert list(FrameSet.range(start, end, step)) == list(range(start, end + 1, step))


def test_a_range_with_a_long_step_reaches_the_last_frame_there_is():
    assert list(FrameSet.range(LOWEST, HIGHEST, 2**31)) == [LOWEST, 0]
    assert list(FrameSet.range(HIGHEST - 70_000, HIGHEST, 70_000)) == [HIGHEST - 70_000, HIGHEST]


@pytest.mark.parametrize("step", [0, -1])
def test_a_step_below_one_is_refused(step):
    with pytest.raises(ValueError, match="step of 1 or more"):
        FrameSet.range(1, 10, step)
    with pytest.raises(ValueError, match="step of 1 or more"):
        FrameSet.range(1, 10).intervals(step)


@pytest.mark.parametrize("frame", [LOWEST - 1, HIGHEST + 1])
def test_a_frame_beyond_32_bits_is_refused(frame):
    with pytest.raises(ValueError, match=f"frame {frame} is out of range"):
        FrameSet([0, frame])
    with pytest.raises(ValueError, match=f"frame {frame} is out of range"):
        FrameSet.range(min(frame, 0), max(frame, 0))


def test_an_empty_set_has_no_first_frame():
    for ask in ("first", "last"):
        with pytest.raises(ValueError, match=f"no {ask} frame"):
            getattr(EMPTY, ask)


def test_intervals_are_maximal_for_the_step_asked_for():
    assert FrameSet.parse("1-3,5,7-9").intervals() == [(1, 3), (5, 5), (7, 9)]
    assert FrameSet.parse("1-9x2,21-25x2,51").intervals(2) == [(1, 9), (21, 25), (51, 51)]
    assert EMPTY.intervals() == []


def test_no_frames_have_no_union_and_no_runs():
    assert FrameSet.union_of([]) == EMPTY
    assert EMPTY.runs() == ()
    assert FrameSet.parse("") == EMPTY


def test_a_set_is_no_other_kind_of_thing():
    assert FrameSet([1]) != {1}
    with pytest.raises(TypeError):
        FrameSet([1]) | {1}


def test_a_set_survives_copies_and_pickles():
    made = FrameSet.parse("-5-5,9")
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize(
    ("frames", "runs", "parts"),
    [
        (range(1, 2_000_001, 2), 1, 1),
        ([frame for frame in range(1_500_000) if frame % 3], 500_000, 2),
        (range(1_000_000), 1, 1),
    ],
)
def test_a_million_frames_have_few_parts_where_there_is_a_pattern(frames, runs, parts):
    made = FrameSet(frames)
    assert len(made) == 1_000_000
    assert len(str(made).split(",")) == parts
    assert len(made.runs()) == runs
    assert FrameSet.parse(str(made)) == made


@given(frames=st.sets(st.integers(-50, 50)), n=st.integers(1, 9))
def test_every_nth_frame(frames, n):
    assert list(FrameSet(frames).every(n)) == sorted(frames)[::n]


def test_every_0th_frame_is_none():
    with pytest.raises(ValueError, match="n of 1 or more"):
        FrameSet((1,)).every(0)
