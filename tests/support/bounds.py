"""Every bound of a structural schema, each with the smallest manifest that breaks it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
Steps = tuple[str | int, ...]

SAMPLES = ("1", "a", "1s", "1Gi", "1%", "24", "####.png", "a.mp4", "Ends")
"""Strings, of which one is good for any field."""


@dataclass(frozen=True)
class Breach:
    """A manifest that breaks one bound, and how the API server calls that."""

    steps: Steps
    bound: str
    manifest: dict[str, Any]
    phrase: str

    @property
    def path(self) -> str:
        """The field as the API server writes it: `spec.retries.rules[0].log`."""
        return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.steps).lstrip(".")


def breaches(schema: Schema, manifest: dict[str, Any], field: str) -> Iterator[Breach]:
    """A breach of each bound below a field of a good manifest.

    Args:
        schema: of the whole manifest.
        manifest: a good one; what it lacks is added as far as a breach needs it.
        field: of the manifest, such as `spec`.
    """
    yield from _below(schema["properties"][field], schema, manifest, (field,))


def _below(schema: Schema, root: Schema, manifest: dict[str, Any], steps: Steps) -> Iterator[Breach]:
    for bound, value, phrase in _values(schema):
        yield Breach(steps, bound, _with(root, manifest, steps, value), phrase)
    for name in schema.get("required", ()):
        broken = _with(root, manifest, steps, None)
        del _at(broken, steps)[name]
        yield Breach((*steps, name), "required", broken, "Required value")
    for name, inner in schema.get("properties", {}).items():
        yield from _below(inner, root, manifest, (*steps, name))
    if "items" in schema:
        yield from _below(schema["items"], root, manifest, (*steps, 0))


def _values(schema: Schema) -> Iterator[tuple[str, Any, str]]:
    """Each bound of a field itself: its name, a value that breaks it, and what is said of that."""
    if "minimum" in schema:
        least = schema["minimum"]
        yield "minimum", least - 1, f"should be greater than or equal to {least}"
    if "maximum" in schema:
        most = schema["maximum"]
        yield "maximum", most + 1, f"should be less than or equal to {most}"
    if "minLength" in schema:
        yield "minLength", "", f"should be at least {schema['minLength']} chars long"
    if "maxLength" in schema:
        longest = schema["maxLength"]
        yield "maxLength", "1" * (longest + 1), f"Too long: may not be more than {longest} bytes"
    if "pattern" in schema:
        yield "pattern", "?", f"should match '{schema['pattern']}'"
    if "enum" in schema:
        yield "enum", "Nonsense", "supported values: " + ", ".join(f'"{value}"' for value in schema["enum"])
    if "minItems" in schema:
        yield "minItems", [], f"should have at least {schema['minItems']} items"
    if "maxItems" in schema:
        most = schema["maxItems"]
        yield (
            "maxItems",
            [good(schema["items"])] * (most + 1),
            f"Too many: {most + 1}: must have at most {most} items",
        )


def good(schema: Schema) -> Any:
    """A small value that a schema admits."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object":
        return {name: good(schema["properties"][name]) for name in schema.get("required", ())}
    if kind == "array":
        return [good(schema["items"])] * schema.get("minItems", 0)
    if kind == "string":
        return next(sample for sample in SAMPLES if re.search(schema.get("pattern", ""), sample))
    return False if kind == "boolean" else schema.get("minimum", 1)


def _with(root: Schema, manifest: dict[str, Any], steps: Steps, value: Any) -> dict[str, Any]:
    """A manifest with a value at a place; None makes the place, with what must be there."""
    made = copy.deepcopy(manifest)
    here: Any = made
    schema = root
    for number, step in enumerate(steps):
        schema = schema["items"] if isinstance(step, int) else schema["properties"][step]
        last = number == len(steps) - 1
        if last and value is not None:
            _put(here, step, value)
        elif isinstance(step, int):
            if not here:
                here.append(good(schema))
        elif step not in here:
            here[step] = good(schema)
        here = here[step]
    return made


def _put(here: Any, step: str | int, value: Any) -> None:
    if isinstance(step, int) and not here:
        here.append(value)
    else:
        here[step] = value


def _at(manifest: dict[str, Any], steps: Steps) -> Any:
    here: Any = manifest
    for step in steps:
        here = here[step]
    return here
