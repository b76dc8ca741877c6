"""The draft of a status has its fields, with their types, and says what was changed."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

from renderjob.api import CanaryStatus, RenderJobStatus
from renderjob.core.draft import Draft


def test_each_field_is_one_of_the_status_and_has_its_type():
    ours, theirs = get_type_hints(Draft), get_type_hints(RenderJobStatus)
    assert ours == {field.name: theirs[field.name] for field in fields(Draft)}


def test_what_nobody_has_changed_is_no_change():
    before = RenderJobStatus(fatal="lost", next_attempt=7)
    assert Draft.of(before).changes(before) == {}


def test_what_was_changed_is_named():
    before = RenderJobStatus()
    draft = Draft.of(before)
    draft.canary, draft.passes = CanaryStatus(passed=True), 2
    assert draft.changes(before) == {"canary": CanaryStatus(passed=True), "passes": 2}
