"""The CRD in a real API server: what kubectl shows of it, and what GitOps tools lean on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import ControlPlane, KubectlError
from harness.waiting import patient
from renderjob.api import RenderJob
from renderjob.crd import crd
from support.jobs import manifest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/renderjob.yaml"))
SCHEMA = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
STATUS = {
    "observedGeneration": 1,
    "state": "Completed",
    "progress": 100,
    "framesShown": "10/10",
    "chunksShown": "1/1",
    "conditions": [
        {
            "type": "Complete",
            "status": "True",
            "reason": "AllFrames",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}


def objects(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object below a schema that has fields, with its path as `kubectl explain` wants it."""
    if "items" in schema:
        yield from objects(schema["items"], path)
    elif "properties" in schema:
        yield path, schema["properties"]
        for name, field in schema["properties"].items():
            yield from objects(field, f"{path}.{name}")


EXPLAINED = [
    pytest.param(path, fields, id=path)
    for path, fields in objects(SCHEMA, "renderjob")
    # A merge's own pod has the fields of the render pod, and the API server describes metadata itself.
    if not path.startswith("renderjob.spec.merge.template.")
]


def url(namespace: str, name: str, subresource: str = "") -> str:
    return f"/apis/renderjob.dev/v1alpha1/namespaces/{namespace}/renderjobs/{name}{subresource}"


def set_status(plane: ControlPlane, namespace: str, name: str, status: dict[str, Any]) -> dict[str, Any]:
    patch = "application/merge-patch+json"
    return plane.api("PATCH", url(namespace, name, "/status"), {"status": status}, patch)


def test_the_definition_is_established_and_structural(control_plane: ControlPlane):
    found = control_plane.get("crd", "renderjobs.renderjob.dev")
    conditions = {c["type"]: c["status"] for c in found["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}, "NonStructuralSchema would be here"


def test_the_definition_is_kept_as_it_is_generated(control_plane: ControlPlane):
    found = control_plane.get("crd", "renderjobs.renderjob.dev")["spec"]["versions"][0]["schema"]
    assert found == crd()["spec"]["versions"][0]["schema"]


@pytest.mark.parametrize(("path", "fields"), EXPLAINED)
def test_kubectl_explains_every_field(control_plane: ControlPlane, path: str, fields: dict[str, Any]):
    said = control_plane.kubectl("explain", path).partition("FIELDS:\n")[2]
    # `  name<TAB><type>`, then perhaps `  enum: …`, then the description, indented by four.
    blocks = re.findall(r"^  (\w+)\t<.*\n((?:    .*\n|  enum:.*\n|\n)*)", said, re.MULTILINE)
    explained = {name: re.sub(r"^  enum:.*", "", text).strip() for name, text in blocks}
    assert set(explained) == set(fields)
    assert [name for name, text in explained.items() if not text or "<no description>" in text] == []


def test_a_fresh_job_was_never_looked_at(control_plane: ControlPlane, namespace: str):
    control_plane.apply(manifest(), "-n", namespace)
    job = control_plane.get("renderjob", "shot", namespace)
    assert job["status"] == {"observedGeneration": -1}
    assert job["metadata"]["generation"] == 1
    assert RenderJob.model_validate(job).status.observed_generation == -1


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_is_applied_and_stays_as_it_is(control_plane: ControlPlane, namespace: str, example: Path):
    text = example.read_text()
    names = [document["metadata"]["name"] for document in yaml.safe_load_all(text)]

    def told(word: str) -> list[str]:
        return [f"renderjob.renderjob.dev/{name} {word}" for name in names]

    assert control_plane.apply(text, "-n", namespace).splitlines() == told("created")
    before = []
    for name in names:
        set_status(control_plane, namespace, name, STATUS)
        before.append(control_plane.get("rj", name, namespace))
    assert control_plane.apply(text, "-n", namespace).splitlines() == told("unchanged")
    assert control_plane.kubectl("diff", "-n", namespace, "-f", str(example)) == ""
    assert [control_plane.get("rj", name, namespace) for name in names] == before
    for job in before:
        RenderJob.model_validate(job)


def test_server_side_apply_twice_changes_nothing(control_plane: ControlPlane, namespace: str):
    text = EXAMPLES[0].read_text()
    name = yaml.safe_load(text)["metadata"]["name"]
    control_plane.apply(text, "-n", namespace, "--server-side")
    # Until there is a status, its default is not stored, and the first write of any kind stores it.
    before = set_status(control_plane, namespace, name, STATUS)["metadata"]["resourceVersion"]
    control_plane.apply(text, "-n", namespace, "--server-side")
    assert control_plane.get("rj", name, namespace)["metadata"]["resourceVersion"] == before


def test_kubectl_diff_shows_an_edit(control_plane: ControlPlane, namespace: str):
    control_plane.apply(manifest(), "-n", namespace)
    edited = json.dumps(manifest(frames="1-20"))
    with pytest.raises(KubectlError) as caught:
        control_plane.kubectl("diff", "-n", namespace, "-f", "-", input=edited)
    assert caught.value.code == 1
    assert "+  frames: 1-20" in caught.value.out


def test_kubectl_scale_sets_the_parallelism(control_plane: ControlPlane, namespace: str):
    control_plane.apply(manifest(), "-n", namespace)
    set_status(control_plane, namespace, "shot", {"active": 3})
    control_plane.kubectl("scale", "rj", "shot", "--replicas=5", "-n", namespace)
    assert control_plane.get("rj", "shot", namespace)["spec"]["parallelism"] == 5
    scale = control_plane.api("GET", url(namespace, "shot", "/scale"))
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (5, 3)


def test_the_status_and_the_spec_are_written_apart(control_plane: ControlPlane, namespace: str):
    control_plane.apply({**manifest(), "status": {"state": "Failed"}}, "-n", namespace)
    assert control_plane.get("rj", "shot", namespace)["status"] == {"observedGeneration": -1}
    job = set_status(control_plane, namespace, "shot", STATUS)
    assert (job["status"], job["metadata"]["generation"]) == (STATUS, 1)
    control_plane.kubectl(
        "patch", "rj", "shot", "-n", namespace, "--type=merge", '-p={"spec":{"suspend":true}}'
    )
    job = control_plane.get("rj", "shot", namespace)
    assert (job["status"], job["metadata"]["generation"]) == (STATUS, 2)


def test_kubectl_get_shows_the_state(control_plane: ControlPlane, namespace: str):
    control_plane.apply(manifest(), "-n", namespace)
    set_status(control_plane, namespace, "shot", STATUS)
    header, line = control_plane.kubectl("get", "rj", "-n", namespace).splitlines()
    assert header.split() == [
        "NAME",
        "STATE",
        "PROGRESS",
        "FRAMES",
        "CHUNKS",
        "ACTIVE",
        "RETRIES",
        "ETA",
        "AGE",
    ]
    assert line.split()[:5] == ["shot", "Completed", "100", "10/10", "1/1"]
    assert "shot" in control_plane.kubectl("get", "all", "-n", namespace)


def test_kubectl_waits_for_a_condition(control_plane: ControlPlane, namespace: str):
    control_plane.apply(manifest(), "-n", namespace)
    set_status(control_plane, namespace, "shot", STATUS)
    said = control_plane.kubectl(
        "wait", "--for=condition=Complete", "rj/shot", "-n", namespace, f"--timeout={patient():.0f}s"
    )
    assert "condition met" in said
