"""What we write is read back alike by every reader: PyYAML, our loader, and the API server."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from renderjob.manifest import dump_manifest, load_manifests
from support.jobs import manifest

# What sigs.k8s.io/yaml takes for a number or a truth value when it stands without quotes.
ODD = [
    "08",
    "0080",
    "-09",
    "1e3",
    "+1E3",
    "0X1f",
    "0O7",
    "0B1",
    "y",
    "N",
    "yes",
    "off",
    "true",
    "null",
    "~",
    "1:30",
]


@pytest.mark.parametrize(
    "word", [*ODD, "2020-01-01", "0x10", "1_000", ".5", "", "<<", "=", "12", "1.5", ".inf"]
)
def test_a_string_that_looks_like_something_else_is_quoted(word: str) -> None:
    assert re.fullmatch(r"- (['\"]).*\1\n", dump_manifest([word]))


@pytest.mark.parametrize("word", ["1-10", "render", "$(RENDER_START)", "/a b/c", "10s", "8Gi"])
def test_plain_words_stay_plain(word: str) -> None:
    assert dump_manifest([word]) == f"- {word}\n"


@given(st.lists(st.one_of(st.sampled_from(ODD), st.text(), st.from_regex(r"[-+0-9._eExyn:]{1,6}"))))
def test_arguments_come_back_as_they_were(words: list[str]) -> None:
    text = dump_manifest(manifest(command=["render", *words]))

    assert load_manifests(text, "")[0].spec.template.container.command == ["render", *words]
    assert yaml.safe_load(text) == manifest(command=["render", *words])


@given(st.one_of(st.integers(0, 10**9), st.floats(1, 100), st.booleans()))
def test_numbers_stay_numbers(value: Any) -> None:
    assert yaml.safe_load(dump_manifest([value])) == [value]


def test_the_order_of_fields_stays_and_nothing_is_aliased() -> None:
    labels = {"b": "1", "a": "2"}

    assert dump_manifest({"z": labels, "y": labels}) == "z:\n  b: '1'\n  a: '2'\n'y':\n  b: '1'\n  a: '2'\n"
