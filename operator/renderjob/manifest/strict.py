"""What our models let pass and an API server does not: a manifest means the same in both worlds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from renderjob.api.base import PRESERVE

from .accepted import accepted
from .errors import Problem
from .fields import Schema, inner, manifest_schema, resolved
from .suggest import closest
from .values import Path, dotted, shown

_NUMBERS = (int, float)

_CLOSE = 0.85
"""How like a field of ours an unknown one must be to be a slip: initContainers is not containers."""


def strict_problems(data: object) -> Iterator[tuple[Path, Problem]]:
    """Numbers where a string must be quoted; misspelt fields where unknown ones are kept for Kubernetes."""
    yield from _walk(data, resolved(manifest_schema()), ())


def _walk(value: object, schema: Schema, path: Path) -> Iterator[tuple[Path, Problem]]:
    if isinstance(value, Mapping):
        if schema.get(PRESERVE):
            yield from _misspelt(value, schema, path)
        for name, item in value.items():
            below = inner(schema, str(name))
            if below is not None:
                yield from _walk(item, below, (*path, str(name)))
    elif isinstance(value, list):
        below = inner(schema, 0)
        if below is not None:
            for index, item in enumerate(value):
                yield from _walk(item, below, (*path, index))
    elif isinstance(value, _NUMBERS) and not isinstance(value, bool):
        either = schema.get("x-kubernetes-int-or-string", False)
        if (either and isinstance(value, float)) or (not either and schema.get("type") == "string"):
            fits = re.search(schema.get("pattern", ""), str(value))
            hint = f'quote it: "{value}"' if fits else ""
            yield path, Problem(dotted(path), f"accepted: {accepted(schema)}", shown(value), hint)


def _misspelt(value: Mapping[Any, Any], schema: Schema, path: Path) -> Iterator[tuple[Path, Problem]]:
    known = schema.get("properties", {})
    for name in value:
        meant = closest(str(name), known, _CLOSE) if name not in known else None
        if meant is not None and meant not in value:
            place = (*path, str(name))
            yield place, Problem(dotted(place), "unknown field", suggestion=f"did you mean {meant}?")
