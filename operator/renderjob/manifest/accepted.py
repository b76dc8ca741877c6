"""What a field accepts, in words, from its schema."""

from __future__ import annotations

from renderjob.api.duration import ACCEPTED as DURATION
from renderjob.api.duration import PATTERN as DURATION_PATTERN
from renderjob.api.frames import PATTERN as FRAMES_PATTERN
from renderjob.api.quantity import MEMORY_PATTERN, PERCENT_PATTERN

from .fields import Schema, resolved

_FRAMES = 'a frame expression in quotes, such as "1-240", "1-100x2" or "1-10,20"'

_PATTERNS = {
    DURATION_PATTERN: DURATION,
    FRAMES_PATTERN: _FRAMES,
    MEMORY_PATTERN: "an amount of memory such as 512Mi, 8Gi or 2G",
    PERCENT_PATTERN: "a whole number from 0, or a percentage from 0% to 100%",
    "^(True|False|Unknown)$": "True, False or Unknown",
}


def accepted(schema: Schema | None) -> str:
    """What the schema's field accepts, without a verb: `a whole number from 0 to 1000`, `true or false`."""
    if not schema:
        return "something else"
    if "enum" in schema:
        return _either([str(value) for value in schema["enum"]])
    if "const" in schema:
        return str(schema["const"])
    pattern = schema.get("pattern", "")
    if "Ends|Stride" in pattern:
        return f"Ends, Stride or {_FRAMES}"
    if pattern in _PATTERNS:
        return _PATTERNS[pattern]
    return _by_type(schema)


def _by_type(schema: Schema) -> str:
    match schema.get("type"):
        case "integer":
            return "a whole number" + _range(schema)
        case "number":
            return "a number" + _range(schema)
        case "boolean":
            return "true or false"
        case "array":
            return "a list" + _count(schema, "minItems", "maxItems", "entries") + _of(schema)
        case "object":
            return _mapping(schema)
        case "string" if schema.get("format") == "date-time":
            return "a time such as 2026-01-31T12:00:00Z"
        case "string":
            return "a string" + _count(schema, "minLength", "maxLength", "characters")
        case _:
            return (
                "a whole number or a string" if schema.get("x-kubernetes-int-or-string") else "something else"
            )


def _mapping(schema: Schema) -> str:
    if schema.get("required"):
        return f"a mapping with at least {_either(schema['required'], 'and')}"
    names = list(schema.get("properties", {}))
    return f"a mapping with {_either(names, 'and')}" if names else "a mapping"


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {_plain(low)} to {_plain(high)}"
    if low is not None:
        return f" of {_plain(low)} or more"
    return f" of at most {_plain(high)}" if high is not None else ""


def _plain(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


def _count(schema: Schema, least: str, most: str, what: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low and high:
        return f" of {low} to {high} {what}"
    if low:
        return f" of {low} or more {what}"
    return f" of at most {high} {what}" if high else ""


def _of(schema: Schema) -> str:
    items = resolved(schema.get("items", {}))
    return {"string": ", each a string", "object": ", each a mapping"}.get(items.get("type", ""), "")


def _either(words: list[str], last: str = "or") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
