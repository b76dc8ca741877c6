"""Layouts, orders and plans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.api import Order
from renderjob.frames import FrameSet, parse_expression
from renderjob.planning import ORDERS, ExplicitLayout, GridLayout, layout_of, planned
from support.jobs import spec

FRAMES = st.lists(
    st.builds(
        lambda start, step, count: (start, start + step * (count - 1), step),
        st.integers(-50, 200),
        st.integers(1, 4),
        st.integers(1, 40),
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: FrameSet.union_of(FrameSet.range(*part) for part in parts))


def chunks(frames="1-100", missing=None, **how):
    layout = layout_of(spec(frames=frames, chunks=how))
    left = FrameSet.parse(missing) if missing is not None else layout.total
    order = Order(how.get("order", "Forward"))
    return [(c.number, str(c.frames)) for c in planned(layout, left, order, how.get("stride", 10))]


def test_frames_are_cut_in_chunks_of_the_size_and_the_last_may_be_short():
    assert chunks("1-25", size=10) == [(0, "1-10"), (1, "11-20"), (2, "21-25")]


def test_a_chunk_of_a_stepped_range_keeps_its_step():
    assert chunks("1-20x3,50", size=4) == [(0, "1-10x3"), (1, "13-19x3"), (2, "50")]


def test_only_what_is_missing_is_planned_and_the_numbers_stay():
    assert chunks("1-30", missing="8-12,25", size=10) == [(0, "8-10"), (1, "11-12"), (2, "25")]


def test_two_frames_on_twos_are_one_chunk_with_a_step():
    assert chunks("1-7x2", size=2) == [(0, "1,3"), (1, "5,7")]


def test_a_hole_in_a_chunk_makes_two_progressions_of_it():
    assert chunks("1-10", missing="1-3,7-10", size=10) == [(0, "1-3"), (0, "7-10")]


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("Forward", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("Reverse", [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("EndsFirst", [0, 9, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("Stride", [0, 4, 8, 1, 2, 3, 5, 6, 7, 9]),
        ("Bisect", [0, 8, 4, 2, 6, 1, 3, 5, 7, 9]),
    ],
)
def test_orders(order, numbers):
    assert [n for n, _ in chunks("1-100", size=10, order=order, stride=4)] == numbers


@pytest.mark.parametrize("order", ORDERS)
@given(count=st.integers(0, 600), stride=st.integers(2, 50))
def test_every_order_holds_every_cell_once(order, count, stride):
    assert sorted(ORDERS[order](count, stride)) == list(range(count))


def test_a_file_for_each_chunk_means_all_of_it_or_nothing():
    whole = layout_of(
        spec(frames="1-20", chunks={"size": 10}, output={"path": "/o", "chunkFile": "$(RENDER_START).mkv"})
    )
    left = FrameSet.parse("5,11-20")
    assert [str(c.frames) for c in planned(whole, left, Order.FORWARD, 10)] == ["1-10", "11-20"]


def test_listed_chunks_are_the_cells():
    layout = layout_of(
        spec(
            frames="1-40",
            chunks={"explicit": [{"frames": "31-40"}, {"frames": "1-20x2"}, {"frames": "2-20x2,21-30"}]},
        )
    )
    assert layout.count == 3
    assert [layout.cell_of(f) for f in (35, 7, 8, 25)] == [0, 1, 2, 2]
    assert layout.complete(FrameSet.parse("1-20,35-40")) == 1


@given(FRAMES, st.integers(1, 12))
def test_every_frame_lies_in_exactly_one_cell_of_a_grid(total, size):
    layout = GridLayout(total, size)
    cells = [layout.cell(n) for n in range(layout.count)]
    assert sum(map(len, cells)) == len(total)
    assert FrameSet.union_of(cells) == total
    for number, cell in enumerate(cells):
        assert len(cell) <= size
        assert cell.progression() is not None, "a start, an end and a step tell all of it"
        assert all(layout.cell_of(frame) == number for frame in cell)


@given(FRAMES, st.integers(1, 12), st.data())
def test_complete_cells_are_counted_right(total, size, data):
    layout = GridLayout(total, size)
    done = FrameSet(data.draw(st.sets(st.sampled_from(list(total)))))
    assert layout.complete(done) == sum(layout.cell(n) <= done for n in range(layout.count))
    assert layout.complete(total) == layout.count
    assert layout.whole(done) == FrameSet.union_of(
        cell for cell in map(layout.cell, range(layout.count)) if cell <= done
    )


@given(FRAMES, st.integers(1, 12), st.sampled_from(Order), st.data())
def test_a_plan_renders_what_is_missing_once_whatever_the_order(total, size, order, data):
    layout = GridLayout(total, size)
    missing = FrameSet(data.draw(st.sets(st.sampled_from(list(total)))))
    frames = [chunk.frames for chunk in planned(layout, missing, order, 3)]
    assert sum(map(len, frames)) == len(missing)
    assert FrameSet.union_of(frames) == missing
    assert all(f.progression() is not None for f in frames)


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 64, 65, 100])
def test_every_order_has_every_cell_once(order, count):
    numbers = ORDERS[order](count, 7)
    assert sorted(numbers) == list(range(count))
    assert list(numbers[3:9]) == list(numbers)[3:9]


@pytest.mark.parametrize("order", list(Order))
def test_an_order_of_a_million_cells_takes_no_memory(order):
    numbers = ORDERS[order](1_000_000, 10)
    assert not isinstance(numbers, (tuple, list))
    assert len(numbers) == 1_000_000


@given(frames=st.sets(st.integers(-20, 60)), size=st.integers(1, 9))
def test_how_many_cells_are_touched(frames, size):
    layout = GridLayout(parse_expression("-10-9,20-50x3,58"), size)
    some = FrameSet(frames)
    assert layout.touched(some) == len({layout.cell_of(frame) for frame in some & layout.total})


def test_how_many_listed_chunks_are_touched():
    layout = ExplicitLayout(tuple(map(parse_expression, ("1-4", "5,7", "6,8-9"))))
    assert layout.touched(parse_expression("4-5")) == 2
    assert layout.touched(parse_expression("20")) == 0


@given(st.lists(st.sampled_from(range(40)), min_size=60, max_size=60), st.sets(st.integers(0, 59)))
def test_listed_chunks_of_any_form_are_found_as_if_each_was_asked(owners, some):
    """Runs, steps, interleaved and single frames; some of one shape, so many that they are kept as such."""
    own = [FrameSet(f for f, owner in enumerate(owners) if owner == each) for each in set(owners)]
    rows = [FrameSet.range(100 + n, 100 + n + 40, 20) for n in range(20)]
    cells = (*own, *rows)
    layout = ExplicitLayout(cells)
    frames = FrameSet(some | {frame + 100 for frame in some})
    for number, cell in enumerate(cells):
        assert layout.cell(number) == cell
        assert {layout.cell_of(frame) for frame in cell} == {number}
        assert layout.any_in(number, frames) is not cell.isdisjoint(frames)
    assert layout.complete(frames) == sum(cell <= frames for cell in cells)
    assert layout.touched(frames) == sum(not cell.isdisjoint(frames) for cell in cells)
    assert layout.whole(frames) == FrameSet.union_of(cell for cell in cells if cell <= frames)


def test_the_layout_of_the_longest_list_of_the_most_frames_is_kept():
    """As far apart as frames can be, each takes as much memory as frames can take."""
    apart = 4294
    cells = [FrameSet.range(n * apart * 100, (n * 100 + 99) * apart, apart) for n in range(-5000, 5000)]
    made = spec(
        frames=str(FrameSet.union_of(cells)), chunks={"explicit": [{"frames": str(cell)} for cell in cells]}
    )
    assert layout_of(made) is layout_of(made)
