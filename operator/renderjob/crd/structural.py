"""From pydantic's JSON Schema to a structural schema, as apiextensions.k8s.io/v1 demands it.

Decisions:
- Scalar defaults stay in what a user writes, so `kubectl explain` and `kubectl get -o yaml` show them. A part
  that is absent stays absent: its own default would have to be written out in full, and the models fill it in
  the same way. Empty strings, null and defaults in pod templates and in the status are left out.
- A field whose default is a value and that may be null is nullable, so that null can be said at all.
- `additionalProperties: false` is what a structural schema does anyway: unknown fields are pruned, or refused
  under `kubectl apply`'s field validation. An open part preserves them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from renderjob.api.base import CEL, PRESERVE
from renderjob.api.duration import PATTERN as DURATION_PATTERN
from renderjob.api.duration import format_duration

from .inline import INT_OR_STRING, Schema, SchemaError, inlined

LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"

_VALIDATIONS = (
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
)
_LIMITS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_DROPPED = frozenset({"title", "examples", "discriminator", "$defs", "deprecated", "readOnly", "writeOnly"})
_HANDLED = frozenset(
    {
        *("type", "format", "description", "default", "const", "properties", "required", "items"),
        *("additionalProperties", "uniqueItems", INT_OR_STRING, PRESERVE, CEL, LIST_TYPE, LIST_KEYS),
        *_VALIDATIONS,
        *_LIMITS,
    }
)


class Part(Enum):
    """Who writes a part of the resource."""

    WRITTEN = "written"
    """By a user, in our fields: validated, and scalar defaults are shown."""
    FOREIGN = "foreign"
    """By a user, in fields of Kubernetes' own: validated as far as we read them, nothing is defaulted.
    A default such as `value: ""` beside `valueFrom` would break a pod."""
    STATUS = "status"
    """By the operator: neither. A status that the API server refuses would stop the job, and an operator that
    is newer than its CRD must still be able to write."""


def structural_schema(
    schema: Schema,
    definitions: dict[str, Schema],
    part: Part = Part.WRITTEN,
    models: tuple[str, ...] = (),
) -> Schema:
    """The structural form of a JSON Schema of pydantic's; `models` are those that it lies in.

    Raises:
        SchemaError: the schema says something that has no structural form, or that is not known here.
    """
    found = inlined(schema, definitions, models)
    given, optional = found.schema, found.optional
    unknown = given.keys() - _HANDLED - _DROPPED
    if unknown:
        raise SchemaError(f"not known how to say in a CRD: {', '.join(sorted(unknown))}")
    if given.get(PRESERVE) and part is Part.WRITTEN:
        part = Part.FOREIGN
    result: Schema = {}
    if "description" in given:
        result["description"] = _description(given, part)
    result |= _type(given)
    if part is Part.WRITTEN and given.get("default") not in (None, ""):
        result["default"] = _default(given)
        if optional:
            result["nullable"] = True
    if part is not Part.STATUS:
        result |= _validations(given)

    def within(inner: Schema) -> Schema:
        return structural_schema(inner, definitions, part, found.models)

    result |= _object(given, part, within) | _list(given, within)
    if part is not Part.STATUS and CEL in given:
        result[CEL] = [dict(rule) for rule in given[CEL]]
    return result


def _description(given: Schema, part: Part) -> str:
    text = " ".join(given["description"].split())
    if part is Part.STATUS and "enum" in given:
        return f"{text} One of {', '.join(given['enum'])}."
    return text


def _type(given: Schema) -> Schema:
    if given.get(INT_OR_STRING):
        return {INT_OR_STRING: True}
    if "type" not in given:
        raise SchemaError(f"a field without a type: {given}")
    named: Schema = {"type": given["type"]}
    return named | ({"format": given["format"]} if "format" in given else {})


def _default(given: Schema) -> Any:
    default = given["default"]
    if isinstance(default, dict | list):
        raise SchemaError(f"a default that is not a scalar: {default}; use default_factory")
    # A duration is a number of seconds in Python and a string on the wire.
    return format_duration(default) if given.get("pattern") == DURATION_PATTERN else default


def _validations(given: Schema) -> Schema:
    found: Schema = {name: given[name] for name in _VALIDATIONS if name in given}
    if "const" in given:
        found["enum"] = [given["const"]]
    for name, limit in _LIMITS.items():
        if name in given:
            found |= {limit: given[name], name: True}
    return found


def _object(given: Schema, part: Part, within: Callable[[Schema], Schema]) -> Schema:
    if given.get("type") != "object":
        return {}
    fields, others = given.get("properties", {}), given.get("additionalProperties")
    found: Schema = {}
    if given.get(PRESERVE) or others is True:
        found[PRESERVE] = True
    elif isinstance(others, dict):
        if fields:
            raise SchemaError("a structural schema has properties or additionalProperties, not both")
        found["additionalProperties"] = within(others)
    if "required" in given and part is not Part.STATUS:
        found["required"] = list(given["required"])
    if fields:
        found["properties"] = {name: within(field) for name, field in fields.items()}
    return found


def _list(given: Schema, within: Callable[[Schema], Schema]) -> Schema:
    if given.get("type") != "array":
        return {}
    items = within(given["items"])
    kind = given.get(LIST_TYPE, "set" if given.get("uniqueItems") else "atomic")
    found: Schema = {LIST_TYPE: kind, "items": items}
    if kind == "map":
        # The keys must be there, whoever writes.
        found[LIST_KEYS] = list(given[LIST_KEYS])
        items["required"] = list(given[LIST_KEYS])
    return found
