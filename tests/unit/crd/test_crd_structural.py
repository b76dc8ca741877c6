"""The generated schema is structural and legal, by the rules of apiextensions.k8s.io/v1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import Field

from renderjob.api.base import ApiModel
from renderjob.crd import SchemaError, crd, structural_schema

Schema = dict[str, Any]
Place = tuple[str, Schema]

TYPES = {"object", "array", "string", "integer", "number", "boolean"}
ALLOWED = {
    *("type", "format", "description", "default", "nullable", "enum", "properties", "required", "items"),
    *("additionalProperties", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "x-kubernetes-int-or-string"),
    *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
}
ROOT: Schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def walk(schema: Schema, path: str = "") -> Iterator[Place]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from walk(field, f"{path}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], f"{path}{{}}")


PLACES = list(walk(ROOT))
SPEC = [(path, schema) for path, schema in PLACES if path.startswith(".spec")]
STATUS = [(path, schema) for path, schema in PLACES if path.startswith(".status")]


def field(path: str) -> Schema:
    return dict(PLACES)[path]


def violations(path: str, schema: Schema) -> Iterator[str]:
    """What the API server would refuse of one place of a structural schema."""
    yield from (f"{key} is not allowed" for key in schema.keys() - ALLOWED)
    either = schema.get("x-kubernetes-int-or-string")
    if either == ("type" in schema) or (not either and schema.get("type") not in TYPES):
        yield f"type is {schema.get('type')}"
    if "properties" in schema and "additionalProperties" in schema:
        yield "properties beside additionalProperties"
    if (schema.get("type") == "array") != ("items" in schema):
        yield "an array needs items, and only an array has them"
    if not set(schema.get("required", [])) <= schema.get("properties", {}).keys():
        yield "a required field that does not exist"
    for limit in ("exclusiveMinimum", "exclusiveMaximum"):
        if not isinstance(schema.get(limit, True), bool):
            yield f"{limit} is a number"
    if "default" in schema and schema["default"] is None:
        yield "default: null"
    if schema.get("x-kubernetes-list-type") == "map":
        keys = schema["x-kubernetes-list-map-keys"]
        if not set(keys) <= set(schema["items"].get("required", [])):
            yield "a list's keys must be required"
    for rule in schema.get("x-kubernetes-validations", []):
        if set(rule) != {"rule", "message"} or "\n" in rule["message"] or not rule["message"]:
            yield f"a rule without a one-line message: {rule}"


@pytest.mark.parametrize(("path", "schema"), PLACES, ids=[path or "root" for path, _ in PLACES])
def test_every_place_is_structural(path: str, schema: Schema) -> None:
    assert list(violations(path, schema)) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "object", "title": "A"},
        {"type": "string", "x-kubernetes-int-or-string": True},
        {"type": "null"},
        {"anyOf": [{"type": "string"}]},
        {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
        {"type": "array"},
        {"type": "integer", "exclusiveMinimum": 3},
        {"type": "string", "default": None},
    ],
)
def test_the_checker_finds_what_it_looks_for(bad: Schema) -> None:
    assert list(violations("", bad))


def test_every_field_is_explained() -> None:
    silent = [
        p for p, s in PLACES if p and p[-1] not in "]}" and p != ".metadata" and not s.get("description")
    ]

    assert silent == []


def test_metadata_is_an_object_and_nothing_more() -> None:
    assert field(".metadata") == {"type": "object"}


def test_defaults_fit_their_own_field() -> None:
    for path, schema in SPEC:
        default = schema.get("default")
        if default is None:
            continue
        if "enum" in schema:
            assert default in schema["enum"], path
        if "pattern" in schema and isinstance(default, str):
            assert re.search(schema["pattern"], default), path
        kinds = {"integer": int, "number": float | int, "string": str, "boolean": bool}
        assert isinstance(default, kinds.get(schema.get("type", ""), int | str)), path


def test_durations_default_to_duration_strings() -> None:
    assert field(".spec.retries.backoff.max")["default"] == "10m"
    assert field(".spec.nodes.forgiveAfter")["default"] == "1h"


def test_no_field_has_a_default_and_may_be_null() -> None:
    # Saving drops nulls, so such a field would come back as its default.
    assert not [path for path, schema in PLACES if schema.get("nullable")]


def test_pod_templates_keep_what_we_do_not_know_and_get_no_defaults() -> None:
    for template in (".spec.template", ".spec.merge.template"):
        inside = [(path, schema) for path, schema in PLACES if path.startswith(template)]
        assert not [path for path, schema in inside if "default" in schema]
        for part in (
            "",
            ".metadata",
            ".spec",
            ".spec.containers[]",
            ".spec.containers[].env[]",
            ".spec.volumes[]",
        ):
            assert field(template + part)["x-kubernetes-preserve-unknown-fields"] is True


def test_nothing_else_keeps_unknown_fields() -> None:
    keeping = {path for path, schema in PLACES if schema.get("x-kubernetes-preserve-unknown-fields")}

    assert all(path.startswith((".spec.template", ".spec.merge.template")) for path in keeping)


def test_no_status_of_ours_can_be_refused() -> None:
    limits = ALLOWED & {
        *("enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"),
        "x-kubernetes-validations",
    }

    assert [path for path, schema in STATUS if limits & schema.keys()] == []
    assert [(path, schema["required"]) for path, schema in STATUS if "required" in schema] == [
        (".status.conditions[]", ["type"])
    ]


def test_a_job_that_nobody_has_seen_says_so() -> None:
    assert field(".status")["default"] == {"observedGeneration": -1}


def test_conditions_are_a_map_by_type() -> None:
    conditions = field(".status.conditions")

    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


def test_every_list_and_string_that_rules_may_meet_is_bounded() -> None:
    """CEL's cost is estimated from the largest value: what has no bound makes a rule too expensive."""
    unbounded = [
        path
        for path, schema in SPEC
        if ".template" not in path
        and (
            (schema.get("type") == "string" and not {"maxLength", "enum"} & schema.keys())
            or (schema.get("type") == "array" and "maxItems" not in schema)
        )
    ]

    assert unbounded == []


def rules() -> Iterator[tuple[str, str]]:
    for path, schema in PLACES:
        for rule in schema.get("x-kubernetes-validations", []):
            yield path, rule["rule"]


@pytest.mark.parametrize(("path", "rule"), list(rules()))
def test_rules_speak_of_fields_that_exist_and_ask_before_they_read_optional_ones(
    path: str, rule: str
) -> None:
    for name in re.findall(r"self((?:\.\w+)+)(?![\w(])", rule):
        if path == "" and name.startswith(".metadata."):
            continue
        *parent, last = name.strip(".").split(".")
        home = field(path + "".join(f".{part}" for part in parent))
        assert last in home["properties"], name
        assert last in home.get("required", []) or f"has(self{name})" in rule, name


def test_what_the_api_promises_to_refuse_is_in_the_schema() -> None:
    assert field(".spec.frames")["pattern"]
    assert field(".spec.chunks.size")["minimum"] == 1
    assert field(".spec.tolerate.failedFrames")["x-kubernetes-int-or-string"] is True
    assert field(".spec.preview.frames")["pattern"].startswith("^(Ends|Stride|")
    text = " ".join(rule for _, rule in rules())
    for said in (
        "self.metadata.name.size() <= 63",
        "has(self.explicit)",
        "has(self.chunkFile)",
        "self.stall",
    ):
        assert said in text


class Odd(ApiModel):
    """Shapes that pydantic writes in a way of its own."""

    one: Literal["a"]
    above: float = Field(gt=0)
    either: int | str = 3
    unique: set[str] = Field(max_length=3)
    table: dict[str, int]


def test_pydantics_own_ways_become_structural() -> None:
    schema = Odd.model_json_schema()
    fields = structural_schema(schema, schema.get("$defs", {}))["properties"]

    assert fields["one"] == {"type": "string", "enum": ["a"]}
    assert fields["above"] == {"type": "number", "minimum": 0, "exclusiveMinimum": True}
    assert fields["either"] == {"x-kubernetes-int-or-string": True, "default": 3}
    assert fields["unique"]["x-kubernetes-list-type"] == "set"
    assert fields["table"] == {"type": "object", "additionalProperties": {"type": "integer"}}


class Branch(ApiModel):
    """A model that contains itself."""

    branches: list[Branch] = Field(default_factory=list)


class Union(ApiModel):
    """A union that no structural schema can say."""

    value: list[str] | dict[str, str]


class Strange(ApiModel):
    """A keyword that is not known to the generator."""

    value: int = Field(json_schema_extra={"x-strange": True})


@pytest.mark.parametrize("model", [Union, Strange])
def test_what_has_no_structural_form_is_refused_and_not_dropped(model: type[ApiModel]) -> None:
    schema = model.model_json_schema()

    with pytest.raises(SchemaError):
        structural_schema(schema, schema.get("$defs", {}))


def test_a_model_that_contains_itself_is_refused() -> None:
    schema = Branch.model_json_schema()

    with pytest.raises(SchemaError, match="contains itself"):
        structural_schema(schema, schema["$defs"])
