"""Whatever stands in a manifest, the reader is given sentences: no traceback, and no words of a library."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from renderjob.manifest import ManifestError, load_manifests
from renderjob.manifest.fields import homes
from support.jobs import manifest

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1-10", "5m", "1%", "8Gi", "####.png", "Forward", "Ends", "$(RENDER_START)"]),
)
FIELDS = st.one_of(st.sampled_from(sorted(homes())), st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)
LIBRARY_WORDS = (
    "pydantic",
    "Input should",
    "Value error",
    "Field required",
    "Traceback",
    "valid_",
    "validation",
)


def told(text: str) -> str:
    """What a user is told; empty where the manifest is accepted."""
    try:
        assert load_manifests(text, "")
    except ManifestError as error:
        assert error.problems
        return str(error)
    return ""


@given(st.dictionaries(FIELDS, VALUES, max_size=5))
def test_any_spec_is_read_or_answered_in_sentences(spec: dict[str, Any]) -> None:
    text = told(json.dumps(manifest(**{"frames": "1-10", **spec})))

    assert not [word for word in LIBRARY_WORDS if word in text]


@given(VALUES)
def test_any_document_is_read_or_answered_in_sentences(document: object) -> None:
    assert told(json.dumps(document))


@given(st.text(max_size=200))
def test_any_text_is_answered_in_sentences(text: str) -> None:
    assert told(text)
