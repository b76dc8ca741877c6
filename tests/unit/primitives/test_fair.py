"""Whose turn it is: groups take turns at every level, and of one group the first comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.primitives import FairQueue


def drained(queue: FairQueue[str]) -> list[str]:
    return [queue.pop() for _ in range(len(queue))]


def test_groups_take_turns_at_every_level():
    queue: FairQueue[str] = FairQueue()
    for item in ("a/1", "a/1", "a/2", "b/1", "a/2"):
        queue.push((item[0], item), item)
    assert drained(queue) == ["a/1", "b/1", "a/2", "a/1", "a/2"]
    assert not queue


def test_an_empty_queue_has_nothing_to_give():
    with pytest.raises(IndexError):
        FairQueue[str]().pop()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_nothing_is_lost_and_of_one_path_the_first_comes_first(paths: list[tuple[int, int]]):
    queue: FairQueue[tuple[tuple[int, int], int]] = FairQueue()
    for number, path in enumerate(paths):
        queue.push(path, (path, number))
    given_out = [queue.pop() for _ in range(len(queue))]
    assert sorted(number for _, number in given_out) == list(range(len(paths)))
    for path in set(paths):
        numbers = [number for other, number in given_out if other == path]
        assert numbers == sorted(numbers)


@given(st.lists(st.integers(0, 3)), st.integers(0, 3))
def test_nobody_waits_for_more_than_one_of_each_other_group(groups: list[int], late: int):
    queue: FairQueue[int] = FairQueue()
    for group in groups:
        queue.push((group,), group)
    ahead = groups.count(late)
    queue.push((late,), -1)
    assert [queue.pop() for _ in range(len(queue))].index(-1) <= ahead + 4 * (ahead + 1)
