"""What of a manifest was edited, as a person would say it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from renderjob.api import RenderJob, RenderJobSpec

VERBS = ("cancel", "suspend", "retry", "rerender")
"""Fields of the spec that are verbs, not descriptions: their change is told in words of its own."""

_LONG = 40


def edits(before: RenderJob, after: RenderJob) -> list[str]:
    """One line for each field of the spec and each label that differs."""
    lines = list(_differences("spec", _plain(before.spec), _plain(after.spec)))
    lines += _differences("metadata.labels", before.metadata.labels, after.metadata.labels)
    return lines


def verbs(before: RenderJob, after: RenderJob) -> list[str]:
    """The same for the fields that are verbs."""
    old, new = before.spec.to_wire(), after.spec.to_wire()
    return [line for name in VERBS for line in _differences(f"spec.{name}", old.get(name), new.get(name))]


def _plain(spec: RenderJobSpec) -> dict[str, Any]:
    return {name: value for name, value in spec.to_wire().items() if name not in VERBS}


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _differences(f"{path}.{name}", before.get(name), after.get(name))
        return
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}[{index}]", old, new)
        return
    yield f"{path}: {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
