"""JSON Schema's references and unions, as pydantic writes them, resolved for a structural schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

INT_OR_STRING = "x-kubernetes-int-or-string"


class SchemaError(ValueError):
    """A model says something that a CustomResourceDefinition cannot."""


@dataclass(frozen=True, slots=True)
class Inlined:
    """A schema without `$ref` and `anyOf` at its top."""

    schema: Schema
    optional: bool
    """Whether null is among its values."""
    models: tuple[str, ...]
    """The models that it lies in, outermost first."""


def inlined(schema: Schema, definitions: dict[str, Schema], models: tuple[str, ...] = ()) -> Inlined:
    """The schema with its reference and its union resolved; `models` are those that it lies in.

    What stands beside a reference (a description, a default) wins over what the referenced model says.

    Raises:
        SchemaError: a model that contains itself, or a union other than `X | None` and `int | str`.
    """
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name in models:
            raise SchemaError(f"{name} contains itself: a structural schema cannot be recursive")
        return inlined({**definitions[name], **_without(schema, "$ref")}, definitions, (*models, name))
    if "anyOf" not in schema:
        return Inlined(schema, False, models)
    choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
    rest, optional = _without(schema, "anyOf"), len(choices) < len(schema["anyOf"])
    if len(choices) == 1:
        chosen = inlined(choices[0], definitions, models)
        return Inlined({**chosen.schema, **rest}, optional, chosen.models)
    if sorted(str(choice.get("type")) for choice in choices) == ["integer", "string"]:
        merged = {key: value for choice in choices for key, value in choice.items() if key != "type"}
        return Inlined({**merged, INT_OR_STRING: True, **rest}, optional, models)
    raise SchemaError(f"a union of {len(choices)} types has no structural schema: {schema['anyOf']}")


def _without(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}
