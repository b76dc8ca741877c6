"""Beside others' controllers: what a mesh injects into pods, a queue that holds Jobs, and a merge that can't be made.

What injects and holds is a MutatingAdmissionPolicy of the test's own, in the place of Istio's webhook and of Kueue.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.cluster import IMAGE, PATIENCE, KubectlError, Place, kubectl
from e2e.jobs import render_job
from harness.waiting import until

Object = dict[str, Any]

PICTURES = """
set -e; mkdir -p $RENDER_OUTPUT
for i in $(seq $RENDER_START $RENDER_END); do
  ffmpeg -v error -y -f lavfi -i color=c=red:s=64x64 -frames:v 1 $(printf $RENDER_OUTPUT/%04d.png $i)
done
"""

RUNS_ON = "trap 'exit 0' TERM; while true; do sleep 1; done"

CONTAINER = 'Object.spec.{of}{{name: "proxy", image: "{image}", command: ["sh", "-c", "{script}"]{more}}}'

INJECTED = {
    "native": ("/spec/initContainers", "initContainers", RUNS_ON, ', restartPolicy: "Always"', True),
    "behind the renderer, and never ends": ("/spec/containers/-", "containers", RUNS_ON, "", False),
    "before the renderer": ("/spec/containers/0", "containers", "sleep 6", "", False),
}
"""Where a container is added: its JSON path, its list, what it runs, what else it has, and whether it is the first."""


def policy(name: str, namespace: str, groups: list[str], resource: str, mutation: Object) -> list[Object]:
    """A policy that changes what is made in one namespace."""
    rule = {
        "apiGroups": groups,
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": [resource],
    }
    api = "admissionregistration.k8s.io/v1"
    return [
        {
            "apiVersion": api,
            "kind": "MutatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "reinvocationPolicy": "Never",
                "mutations": [mutation],
            },
        },
        {
            "apiVersion": api,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {
                "policyName": name,
                "matchResources": {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
                },
            },
        },
    ]


@pytest.fixture
def neighbour(place: Place, request: pytest.FixtureRequest):
    """Put a policy into the namespace; it goes with the test. It is at work when the fixture gives it back."""
    name = place.namespace

    def put(groups: list[str], resource: str, mutation: Object, probe: Object, changed: str) -> None:
        place.apply(*policy(name, name, groups, resource, mutation))

        def works() -> bool:
            made = place.kubectl(
                "create", "--dry-run=server", "-f", "-", "--output", "json", text=json.dumps(probe)
            )
            return changed in made

        until(works, "for the policy to be at work", PATIENCE)

    try:
        kubectl("get", "mutatingadmissionpolicies.v1.admissionregistration.k8s.io")
    except KubectlError:
        pytest.skip("this cluster has no MutatingAdmissionPolicy in v1 (Kubernetes 1.36)")
    yield put
    kinds = "mutatingadmissionpolicybinding,mutatingadmissionpolicy"
    kubectl("delete", kinds, name, "--ignore-not-found", "--wait=false")


def film(name: str, **spec: Any) -> Object:
    """Six pictures in two chunks, and their film."""
    fields = {
        "frames": "1-6",
        "chunks": {"size": 3},
        "output": {"path": f"/renders/{name}", "file": "####.png"},
        "merge": {"ffmpeg": {"file": "film.mp4", "fps": 24}},
        **spec,
    }
    return render_job(name, ["sh", "-c", PICTURES], **fields)


def probe_pod() -> Object:
    """A pod to see whether a policy is at work."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe"},
        "spec": {"containers": [{"name": "probe", "image": IMAGE}]},
    }


@pytest.mark.parametrize("where", INJECTED)
def test_what_a_mesh_injects_costs_no_frame_and_keeps_no_pod(place: Place, neighbour, where: str):
    path, of, script, more, listed = INJECTED[where]
    container = CONTAINER.format(of=of, image=IMAGE, script=script, more=more)
    value = f"[{container}]" if listed else container
    patch = {"expression": f'[JSONPatch{{op: "add", path: "{path}", value: {value}}}]'}
    neighbour([""], "pods", {"patchType": "JSONPatch", "jsonPatch": patch}, probe_pod(), '"proxy"')
    place.apply(film("meshed"))
    place.wait("meshed", "Complete")
    status = place.status("meshed")
    assert (status["completedFrames"], status["attempts"]["failed"]) == (6, 0)
    assert status["result"]["merged"] == "/renders/meshed/film.mp4"


def test_what_a_queue_holds_is_told_whether_it_is_a_chunk_or_the_merge(place: Place, neighbour):
    suspend = {"expression": "Object{spec: Object.spec{suspend: true}}"}
    probe = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "probe"},
        "spec": {"template": {"spec": {**probe_pod()["spec"], "restartPolicy": "Never"}}},
    }
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": suspend}
    neighbour(["batch"], "jobs", mutation, probe, '"suspend": true')
    place.apply(film("queued", timeouts={"job": "1h"}))
    stages = set()

    def admitted() -> bool:
        """As a queue with little room does it: each is admitted once the job has told that it waits."""
        status, ready = place.status("queued"), place.condition("queued", "Ready")
        held = [job for job in place.list("jobs") if job["spec"].get("suspend")]
        if held and ready.get("reason") == "WaitingForPods":
            assert "a queue such as Kueue has not admitted it yet" in ready["message"]
            stages.add((status["state"], bool(status["completedFrames"])))
            for job in held:
                free = json.dumps({"spec": {"suspend": False}})
                place.kubectl("patch", "job", job["metadata"]["name"], "--type=merge", "--patch", free)
        return status.get("state") == "Completed"

    until(admitted, "for a queue to admit one after the other", 2 * PATIENCE)
    assert ("Running", False) in stages, "the chunks waited, and their verification"
    assert ("Merging", True) in stages, "the merge waited"


def test_what_can_not_be_merged_is_told_before_the_rest_is_rendered(place: Place):
    args = ["-preset", "nosuch"]
    merge = {"ffmpeg": {"file": "film.mp4", "fps": 24, "args": args}}
    place.apply(film("refused", frames="1-200", chunks={"size": 2}, parallelism=1, merge=merge))
    place.until_state("refused", ["Failed"])
    status, ready = place.status("refused"), place.condition("refused", "Ready")
    assert ready["reason"] == "MergeRefused"
    assert "nosuch" in status["error"]
    assert 0 < status["completedFrames"] < 200
