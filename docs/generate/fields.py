"""The fields of a structural schema as tables: one for each object, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markdown import anchor, code, table

from renderjob.api.base import CEL, PRESERVE
from renderjob.api.duration import PATTERN as DURATION
from renderjob.api.frames import PATTERN as FRAMES
from renderjob.api.quantity import MEMORY_PATTERN, PERCENT_PATTERN
from renderjob.crd.inline import INT_OR_STRING

Schema = dict[str, Any]

POD_TEMPLATE = "The pod template"

_BY_PATTERN = {
    DURATION: "duration",
    FRAMES: "frames",
    MEMORY_PATTERN: "memory",
    PERCENT_PATTERN: "count or percentage",
}
_BY_PATH = {
    "spec.merge.ffmpeg.fps": "frame rate",
    "spec.preview.frames": "`Ends`, `Stride` or frames",
    "spec.retries.rules[].exitCodes[]": "exit codes, ranges",
}
_WORDS = {"integer": "integer", "number": "number", "boolean": "true or false", "string": "text"}


def sections(schema: Schema, path: str, *, defaults: bool = True) -> Iterator[str]:
    """A heading and a table for an object, and then for each object in it.

    Args:
        schema: of the object.
        path: of the object in the resource, such as `spec.chunks`.
        defaults: whether its fields may be left out by who writes it, and what holds then.
    """
    yield f"## {path}"
    yield schema["description"]
    required = schema.get("required", ())
    rows, inner = [], []
    for name, field in schema["properties"].items():
        below = f"{path}.{name}{'[]' if field.get('type') == 'array' else ''}"
        item = field.get("items", field)
        if "properties" in item and not item.get(PRESERVE):
            inner.append((item | {"description": field["description"]}, below))
        cells = [code(name), _type(field, below), field["description"]]
        if defaults:
            cells.insert(2, "**required**" if name in required else _default(field))
        rows.append(cells)
    yield table(["Field", "Type", *(["Default"] if defaults else []), "Meaning"], rows)
    rules = [rule["message"] for rule in schema.get(CEL, ())]
    if rules:
        yield "\n".join(["Anything else is refused:", *(f"- {rule}" for rule in rules)])
    for item, below in inner:
        yield from sections(item, below, defaults=defaults)


def leaves(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """The fields of an open object that hold no fields themselves, with their paths."""
    for name, field in schema["properties"].items():
        below, item = (
            f"{path}.{name}{'[]' if 'items' in field else ''}".lstrip("."),
            field.get("items", field),
        )
        if "properties" in item:
            yield from leaves(item, below)
        else:
            yield below, field


def _default(field: Schema) -> str:
    default = field.get("default", "")
    return code(str(default).lower() if isinstance(default, bool) else default)


def _type(field: Schema, path: str) -> str:
    item = field.get("items")
    if item is not None:
        return f"list of {_type(item, path)}"
    if field.get(PRESERVE):
        return f"[PodTemplateSpec]({anchor(POD_TEMPLATE)})"
    if "properties" in field:
        return f"[object]({anchor(path)})"
    if "additionalProperties" in field:
        return f"{_type(field['additionalProperties'], path)} by name"
    if "enum" in field:
        return ", ".join(code(choice) for choice in field["enum"])
    named = _BY_PATH.get(path) or _BY_PATTERN.get(field.get("pattern", ""))
    if named:
        return named
    if field.get("format") == "date-time":
        return "time"
    return _WORDS["string" if field.get(INT_OR_STRING) else field["type"]] + _bounds(field)


def _bounds(field: Schema) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is None:
        return ""
    return f", {low:,} to {high:,}" if high is not None else f", {low:,} or more"
