"""The base of every API model: camelCase names as in Kubernetes, unknown fields refused, values immutable."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

CEL = "x-kubernetes-validations"
"""Where a schema keeps its CEL rules; `cel()` writes it and the CRD generator copies it."""

PRESERVE = "x-kubernetes-preserve-unknown-fields"


class ApiModel(BaseModel):
    """A part of the manifest or of the status. Fields are snake_case in Python and camelCase on the wire."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        serialize_by_alias=True,
    )

    def to_wire(self) -> dict[str, Any]:
        """The JSON form: camelCase, only what was set or is not the default's absence (None is left out)."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class OpenModel(ApiModel):
    """A part of somebody else's schema (a pod template, metadata): we name what we read and keep the rest."""

    model_config = ConfigDict(extra="allow", json_schema_extra={PRESERVE: True})


def cel(*rules: tuple[str, str]) -> dict[str, Any]:
    """A `json_schema_extra` that carries CEL rules as (expression, message) pairs into the CRD."""
    return {CEL: [{"rule": rule, "message": message} for rule, message in rules]}
