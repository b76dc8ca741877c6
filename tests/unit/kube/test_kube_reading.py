"""JSON of an API server is read whatever its depth; what is too deep to be of use is null."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.kube.reading import DEEPEST, flattened, read_json


def nested(levels: int, inner: bytes = b"1") -> bytes:
    return b'{"a":' * levels + inner + b"}" * levels


@pytest.mark.parametrize("levels", [250, 2_000, 9_990])
@pytest.mark.parametrize(("opens", "closes"), [(b'{"a":', b"}"), (b"[", b"]"), (b'[{"b":', b"}]")])
def test_what_is_beside_something_deep_is_read(levels: int, opens: bytes, closes: bytes):
    text = b'{"before": "[{", "deep": %b1%b, "after": ["\\"}"]}' % (opens * levels, closes * levels)
    read = read_json(text)
    assert (read["before"], read["after"]) == ("[{", ['"}'])
    json.dumps(read)


def test_what_is_as_deep_as_a_pod_template_may_be_is_kept():
    assert read_json(nested(DEEPEST)) == json.loads(nested(DEEPEST))
    assert flattened(nested(DEEPEST)) == nested(DEEPEST)
    assert flattened(nested(DEEPEST + 3)) == nested(DEEPEST, b"null")


@pytest.mark.parametrize("text", [b"", b"{", b"<html>", nested(300)[:-5], b'{"a": "b', b"[" * 5000])
def test_what_is_no_json_is_refused(text: bytes):
    with pytest.raises(ValueError):
        read_json(text)


@pytest.mark.parametrize(
    "text", [b'{"a": "\\ud800", "b": 1}', b'{"a": "\xff", "b": 1}', b'{"a": "\x01", "b": 1}']
)
def test_characters_that_are_none_hide_nothing(text: bytes):
    assert read_json(text)["b"] == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=30,
)


def shallow(value: object, levels: int) -> object:
    """The same, worked out on the value: null for what is below so many levels."""
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [shallow(item, levels - 1) for item in value]
    return {key: shallow(item, levels - 1) for key, item in value.items()}


def test_a_megabyte_of_brackets_and_of_quotes_is_read_whatever_is_deep_in_it():
    for filler in (b"[],", b'{"":{}},', b'"\\"",', b'"\\\\",', b'"[{",'):
        text = b'{"x": [%b%b], "after": 7}' % (filler * (1_000_000 // len(filler)), nested(500))
        read = read_json(text)
        assert read["after"] == 7
        assert len(read["x"]) == 1_000_000 // len(filler) + 1
        assert read["x"][0] == json.loads(filler[:-1])


@given(anything, st.integers(0, 4))
def test_only_what_is_deeper_is_left_out(value: object, levels: int):
    assert json.loads(flattened(json.dumps(value).encode(), levels)) == shallow(value, levels)
