"""JSON merge patches (RFC 7386): the least that turns one object into another.

A patch can't set a field to null, since null removes: None in an object means that the field is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge_diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest patch from `old` to `new`; empty when they are equal. Lists are replaced whole."""
    patch: dict[str, Any] = {}
    for key, value in new.items():
        before = old.get(key)
        if value is None:
            continue
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := merge_diff(before, value):
                patch[key] = inner
        elif value != before:
            patch[key] = value
    for key, value in old.items():
        if value is not None and new.get(key) is None:
            patch[key] = None
    return patch


def three_way(
    applied: Mapping[str, Any], wanted: Mapping[str, Any], current: Mapping[str, Any]
) -> dict[str, Any]:
    """The patch by which `kubectl apply` brings `current` to what is wanted.

    What is wanted is set; what was `applied` before and is not wanted any more is removed; all else is
    somebody else's, and stays.
    """
    patch: dict[str, Any] = {}
    for key, value in wanted.items():
        before, now = applied.get(key), current.get(key)
        if isinstance(value, Mapping) and isinstance(now, Mapping):
            if inner := three_way(before if isinstance(before, Mapping) else {}, value, now):
                patch[key] = inner
        elif value is not None and value != now:
            patch[key] = value
    for key in applied:
        if wanted.get(key) is None and current.get(key) is not None:
            patch[key] = None
    return patch


def apply(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """What a server makes of `target` and the patch. Neither is changed."""
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = apply(before if isinstance(before, Mapping) else {}, value)
        else:
            result[key] = value
    return result
