"""What can be read and can't be meant: told before a frame is rendered, with the field and what is accepted."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from renderjob.api import RenderJobSpec
from renderjob.api.quantity import memory_bytes
from renderjob.api.retries import Rule
from renderjob.manifest import ManifestError, load_manifests
from support.jobs import manifest

OUTPUT = {"path": "/renders"}


def complaint(data: dict[str, Any]) -> str:
    with pytest.raises(ManifestError) as caught:
        load_manifests(yaml.safe_dump(data), "")
    return str(caught.value)


def container(**fields: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "render", "command": ["r"], **fields}]}}}


def listed(*chunks: tuple[str, str]) -> dict[str, Any]:
    entries = [{"frames": frames, "command": ["r"], "output": output} for frames, output in chunks]
    return {"chunks": {"explicit": entries}, "output": OUTPUT}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            container(resources={"limits": {"memory": "8 GB"}}),
            'spec.template.spec.containers[0].resources: limits.memory: found "8 GB": must be an amount of memory',
        ),
        (
            container(resources={"limits": {"memory": -1}}),
            "spec.template.spec.containers[0].resources: limits.memory: found -1: must be an amount of memory",
        ),
        (
            container(resources={"limit": {"memory": "8Gi"}}),
            "spec.template.spec.containers[0].resources.limit: unknown field; did you mean limits?",
        ),
        (
            container(arg=["x"]),
            "spec.template.spec.containers[0].arg: unknown field; did you mean args?",
        ),
        (
            container(env=[{"name": "A=B", "value": "x"}]),
            'spec.template.spec.containers[0].env[0].name: found "A=B": must be the name of an environment',
        ),
        (
            container(env=[{"name": "", "value": "x"}]),
            'spec.template.spec.containers[0].env[0].name: found "": must be the name of an environment variable',
        ),
        (
            listed(("1-5", "a.mov"), ("6-10", "a.mov")),
            "spec.chunks.explicit[1].output: 'a.mov' is written by chunks.explicit[0] already",
        ),
        (
            listed(("1-10", "../a.mov")),
            'spec.chunks.explicit[0].output: found "../a.mov": must be a file below output.path',
        ),
        (
            {"chunks": listed(("1-10", "a.mov"))["chunks"]},
            "spec.chunks.explicit[0].output: needs output.path: say where 'a.mov' lies",
        ),
        (
            {"retries": {"rules": [{"log": "x(?!y)", "action": "Retry"}]}},
            'spec.retries.rules[0].log: found "x(?!y)": must be an expression of RE2: invalid perl operator: (?!; '
            "RE2 has no lookaround",
        ),
        (
            {"retries": {"rules": [{"log": "a{99999999999999999999}", "action": "Retry"}]}},
            'spec.retries.rules[0].log: found "a{99999999999999999999}": has the repetition {99999999999999999999}',
        ),
        (
            {"retries": {"rules": [{"log": "[^x]{120}", "action": "Retry"}] * 5}},
            "spec.retries.rules: the expressions come to 4820 steps together, rules[4].log alone to 964; at most",
        ),
        (
            {"progress": {"pattern": r"(?P<done>\d+)(?=%)"}},
            r"spec.progress.pattern: found",
        ),
        (
            {"timeouts": {"chunk": "99999999d"}},
            'spec.timeouts.chunk: found "99999999d": must be a duration such as 500ms, 10s, 5m, 1h30m or 2d, and at '
            "most 3650d",
        ),
        ({"timeouts": {"chunk": "0.4ms"}}, "spec.timeouts.chunk: must be more than 0s; leave it out"),
        (
            {"chunks": {"order": "forwards"}},
            'spec.chunks.order: found "forwards" (a string); accepted: Forward, Reverse, EndsFirst, Stride, '
            "Bisect or Sequential; did you mean Forward?",
        ),
        (
            {"progress": {"parser": "blender"}},
            'spec.progress.parser: found "blender" (a string); accepted: Auto, Blender, FFmpeg, OpenJD or None; did '
            "you mean Blender?",
        ),
        (
            {"output": OUTPUT, "merge": {"ffmpeg": {"file": "a.mp4", "codec": "H264"}}},
            "spec.merge.ffmpeg.codec: must be one of copy, h264, h265, vp9, prores, ffv1; found 'H264'",
        ),
    ],
)
def test_it_is_refused_with_a_sentence(spec: dict[str, Any], sentence: str) -> None:
    assert complaint(manifest(**spec)).startswith(sentence)


@pytest.mark.parametrize("field", ["name", "namespace"])
def test_a_name_that_ends_with_a_line_end_is_none(field: str) -> None:
    data = manifest()
    data["metadata"][field] = "shot\n"
    assert complaint(data).startswith(f'metadata.{field}: found "shot\\n": must be at most 63')


def test_a_namespace_is_a_label() -> None:
    data = manifest()
    data["metadata"]["namespace"] = "../film"
    assert complaint(data).startswith(
        'metadata.namespace: found "../film": must be at most 63 lower-case letters'
    )


@pytest.mark.parametrize(
    "containers",
    [
        {"initContainers": [{"name": "fetch", "image": "x"}]},
        {"ephemeralContainers": []},
    ],
)
def test_kubernetes_own_fields_are_not_taken_for_slips(containers: dict[str, Any]) -> None:
    pod = {
        "containers": [{"name": "render", "command": ["r"], "envFrom": [], "volumeDevices": []}],
        **containers,
    }
    assert load_manifests(yaml.safe_dump(manifest(template={"spec": pod})), "")


def test_the_status_of_an_exported_resource_is_left_out() -> None:
    (job,) = load_manifests(yaml.safe_dump(manifest() | {"status": {"state": "Running", "newer": 1}}), "")
    assert job.status.state.value == "Pending"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1073741824", 1 << 30),
        ("1e9", 10**9),
        ("1.5Gi", 3 << 29),
        ("1Ei", 1 << 60),
        ("128974848000m", 128974848),
        (".5k", 500),
        ("2.", 2),
    ],
)
def test_every_quantity_of_kubernetes_can_be_read(text: str, count: int) -> None:
    assert memory_bytes(text) == count


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1GiB", "-1Gi", "1e", "0x10", "1Gi\n", "½"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 512Mi"):
        memory_bytes(text)


def test_a_rules_expression_means_a_line() -> None:
    rule = Rule.model_validate({"log": "^Error: no licence$", "action": "BackOff"})
    assert rule.fits(1, "starting\nError: no licence\nbye\n")
    assert not rule.fits(1, "starting\nno Error: no licence\n")


def test_a_duration_survives_being_stored() -> None:
    spec = RenderJobSpec.model_validate(manifest(timeouts={"chunk": "1.0006s", "stall": "0.5ms"})["spec"])
    assert RenderJobSpec.model_validate_json(spec.model_dump_json(exclude_none=True)) == spec


@pytest.mark.parametrize(
    "fields",
    [
        {"containers": [{"name": "r", "resources": {"limits": {"cpu": "1e999999999"}}}]},
        {"containers": [{"name": "r", "resources": {"limits": {"cpu": float("inf")}}}]},
        {
            "containers": [{"name": "r"}],
            "initContainers": [{"name": "i", "resources": {"requests": {"x/y": "1E-999999999"}}}],
        },
        {
            "containers": [{"name": "r"}],
            "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "+.1e+999999999"}}],
        },
    ],
)
def test_a_quantity_that_an_api_server_would_not_end_to_read_is_refused(fields):
    with pytest.raises(ValueError, match=r"found the quantity .*: its exponent has more than two digits"):
        RenderJobSpec.model_validate({"frames": "1", "template": {"spec": fields}})


def test_only_where_a_quantity_stands_a_number_is_read_as_one():
    command = {"command": ["r", "1e999999999"], "env": [{"name": "SCALE", "value": "1e999999999"}]}
    fine = container(**command, resources={"limits": {"cpu": "5e2", "memory": "1e9"}})
    assert RenderJobSpec.model_validate({"frames": "1-2", **fine})
