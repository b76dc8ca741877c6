"""The manifest's fields, looked up in the models' own schema: which exist where, and what each accepts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from renderjob.api import RenderJob

from .values import Path

Schema = dict[str, Any]

WRITTEN = ("spec", "metadata")
"""What a user writes; the status is the operator's."""


@lru_cache(maxsize=1)
def manifest_schema() -> Schema:
    """The JSON schema of a RenderJob."""
    return RenderJob.model_json_schema(by_alias=True)


def resolved(schema: Schema) -> Schema:
    """A schema without its reference, and without the null that an optional field may be."""
    while True:
        if "$ref" in schema:
            schema = {**manifest_schema()["$defs"][schema["$ref"].rsplit("/", 1)[-1]], **_but(schema, "$ref")}
            continue
        choices = [choice for choice in schema.get("anyOf", []) if choice.get("type") != "null"]
        if len(choices) == 1:
            schema = {**choices[0], **_but(schema, "anyOf")}
            continue
        return schema


def _but(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}


def inner(schema: Schema, token: str | int) -> Schema | None:
    """The schema of a field or of an item; None where there is no such field."""
    if isinstance(token, int):
        return resolved(schema["items"]) if "items" in schema else None
    if token in schema.get("properties", {}):
        return resolved(schema["properties"][token])
    others = schema.get("additionalProperties")
    return resolved(others) if isinstance(others, dict) else None


def known(loc: tuple[str | int, ...], last_unknown: bool) -> tuple[Path, Schema | None]:
    """The path and schema of a place that pydantic names.

    What pydantic puts between fields, such as the branch of a union, is left out. With `last_unknown`, the
    last token is a field that does not exist.
    """
    schema: Schema | None = resolved(manifest_schema())
    path: Path = ()
    for number, token in enumerate(loc):
        found = inner(schema, token) if schema is not None else None
        if found is not None:
            schema, path = found, (*path, token)
        elif last_unknown and number == len(loc) - 1:
            return (*path, token), None
    return path, schema


def names_at(path: Path) -> list[str]:
    """The fields that exist at a place."""
    _, schema = known(path, last_unknown=False)
    return list((schema or {}).get("properties", {}))


@lru_cache(maxsize=1)
def homes() -> dict[str, tuple[str, ...]]:
    """For every field's name, the places where it belongs, nearest to the root first."""
    found: dict[str, list[tuple[int, str]]] = {}
    root = resolved(manifest_schema())
    for name in WRITTEN:
        for path, field in _walk(resolved(root["properties"][name]), name):
            found.setdefault(field, []).append((path.count("."), path))
    return {name: tuple(path for _, path in sorted(places)) for name, places in found.items()}


def _walk(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for name, field in schema.get("properties", {}).items():
        yield path, name
        field_schema, below = resolved(field), f"{path}.{name}"
        if "items" in field_schema:
            field_schema, below = resolved(field_schema["items"]), f"{below}[]"
        yield from _walk(field_schema, below)
