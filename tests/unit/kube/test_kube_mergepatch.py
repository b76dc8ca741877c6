"""A merge patch turns the old object into the new one, and says no more than it must."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.kube import merge_diff
from renderjob.kube.mergepatch import apply, three_way

KEYS = st.sampled_from("abc")
LEAVES = st.none() | st.integers(0, 3) | st.sampled_from(["", "x"]) | st.lists(st.integers(0, 1), max_size=2)
OBJECTS = st.recursive(
    st.dictionaries(KEYS, LEAVES), lambda inner: st.dictionaries(KEYS, LEAVES | inner), max_leaves=12
)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


def leaves(patch: dict[str, Any]) -> int:
    return sum(leaves(v) or 1 if isinstance(v, dict) else 1 for v in patch.values())


@given(OBJECTS, OBJECTS)
def test_the_patch_makes_the_new_object_of_the_old(old, new):
    old = without_nulls(old)
    assert apply(old, merge_diff(old, new)) == without_nulls(new)


@given(OBJECTS)
def test_equal_objects_need_no_patch(thing):
    assert merge_diff(thing, thing) == {}
    assert merge_diff(thing, without_nulls(thing)) == {}


@given(OBJECTS, OBJECTS)
def test_no_part_of_a_patch_can_be_left_out(old, new):
    old, new = without_nulls(old), without_nulls(new)
    patch = merge_diff(old, new)
    for key in patch:
        rest = {k: v for k, v in patch.items() if k != key}
        assert apply(old, rest) != new


@given(OBJECTS, OBJECTS)
def test_neither_object_is_changed(old, new):
    before = (repr(old), repr(new))
    apply(old, merge_diff(old, new))
    assert (repr(old), repr(new)) == before


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"state": "Running", "active": 3}, {"state": "Running", "active": 4}, {"active": 4}),
        ({"error": "no"}, {}, {"error": None}),
        ({"error": "no"}, {"error": None}, {"error": None}),
        (
            {"frames": {"done": "1-4", "failed": "5"}},
            {"frames": {"done": "1-4"}},
            {"frames": {"failed": None}},
        ),
        ({"failures": [1, 2]}, {"failures": [2, 3]}, {"failures": [2, 3]}),
        ({"result": None}, {"result": None}, {}),
        ({"result": "x"}, {"result": {"merged": "y"}}, {"result": {"merged": "y"}}),
    ],
)
def test_examples(old, new, patch):
    assert merge_diff(old, new) == patch
    assert leaves(patch) <= 1


def test_three_ways_set_what_is_wanted_and_remove_only_what_was_applied():
    applied = {"a": 1, "gone": 2, "deep": {"x": 1, "y": 2}, "list": [1, 2]}
    wanted = {"a": 3, "deep": {"x": 1}, "list": [2], "new": {"n": 1}}
    current = {"a": 1, "gone": 2, "deep": {"x": 9, "y": 2, "theirs": 5}, "list": [1, 2], "theirs": 7}
    patch = three_way(applied, wanted, current)
    assert patch == {"a": 3, "gone": None, "deep": {"x": 1, "y": None}, "list": [2], "new": {"n": 1}}
    result = apply(current, patch)
    assert result == {**wanted, "deep": {"x": 1, "theirs": 5}, "theirs": 7}
    assert three_way(wanted, wanted, result) == {}


def test_three_ways_leave_alone_what_is_gone_already():
    assert three_way({"a": 1, "b": {"c": 1}}, {}, {}) == {}
    assert three_way({}, {"a": None}, {"a": 1}) == {}
