"""Beside the neighbours: policies of a namespace, quotas, and pods that only say that they are ours."""

from __future__ import annotations

import pytest

from harness.waiting import until
from support.cluster import ClusterFarm

PATTERN = {"path": "/renders", "file": "####.png"}
MERGE = {"ffmpeg": {"file": "film.mp4", "fps": 24}}


def template(resources: dict | None = None, **pod) -> dict:
    """A template that a namespace takes that enforces `restricted`."""
    container = {
        "name": "render",
        "image": "example/none:1",
        "command": ["render"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "renders", "mountPath": "/renders"}],
        "resources": resources or {},
    }
    return {
        "spec": {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "renders", "emptyDir": {}}],
            **pod,
        }
    }


def put(farm: ClusterFarm, kind: str, **spec) -> None:
    """A policy of the namespace."""
    group = {"resourcequotas": "ResourceQuota", "limitranges": "LimitRange"}
    body = {"apiVersion": "v1", "kind": group[kind], "metadata": {"name": "policy"}, "spec": spec}
    farm.plane.api("POST", f"/api/v1/namespaces/{farm.namespace}/{kind}", body)


def test_in_a_namespace_that_enforces_restricted_all_our_pods_are_admitted(own_farm: ClusterFarm):
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    path = f"/api/v1/namespaces/{own_farm.namespace}"
    own_farm.plane.api("PATCH", path, {"metadata": {"labels": labels}}, "application/merge-patch+json")
    status = own_farm.run(frames="1-4", template=template(), output=PATTERN, merge=MERGE)
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 0)
    refused = own_farm.submit(
        frames="1-4", template=template(securityContext={"runAsUser": 0}), output=PATTERN, merge=MERGE
    )
    own_farm.reached(refused, lambda s: "violates PodSecurity" in s["error"])


def test_where_a_quota_counts_limits_our_pods_have_them(own_farm: ClusterFarm):
    hard = {"limits.cpu": "4", "limits.memory": "4Gi", "requests.cpu": "1", "requests.memory": "1Gi"}
    put(own_farm, "resourcequotas", hard=hard)
    resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "500m", "memory": "128Mi"}}
    status = own_farm.run(frames="1-4", template=template(resources), output=PATTERN, merge=MERGE)
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 0)


LARGEST = {"type": "Container", "max": {"cpu": "250m", "memory": "256Mi"}}


def test_in_a_narrow_range_of_limits_our_pods_fit(own_farm: ClusterFarm):
    put(own_farm, "limitranges", limits=[LARGEST])
    status = own_farm.run(frames="1-4", template=template(), output=PATTERN, merge=MERGE)
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 0)


def test_where_they_do_not_fit_the_job_can_not_go_on_and_says_so(own_farm: ClusterFarm):
    put(own_farm, "limitranges", limits=[{"type": "Container", "max": {"cpu": "20m", "memory": "32Mi"}}])
    name = own_farm.submit(frames="1-4", template=template(), output=PATTERN, merge=MERGE)
    own_farm.reached(name, lambda s: "must be less than or equal to" in s["error"])
    until(lambda: own_farm.condition(name, "Stalled").get("status") == "True", "for it to stall")


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_pod_that_only_has_our_labels_answers_for_nothing(farm: ClusterFarm, where):
    """It is there before the honest pod ends, and says at once that all frames lie there."""
    name = farm.submit(
        frames="1-10",
        output=PATTERN,
        retries={"perChunk": 0, "onFailure": "Stop"},
        labels={"kwok.renderjob.dev/only-kinds": "verify", "kwok.renderjob.dev/run": "3s"},
        kwok={"run": "0s"},
    )
    until(lambda: farm.pods(name, kind="verify"), "for a verification")
    (honest,) = farm.pods(name, kind="verify")
    place = farm.namespace if where == "here" else f"{farm.namespace}-x"
    if where == "elsewhere":
        farm.plane.create_namespace(place)
    owner = {**honest["metadata"]["ownerReferences"][0], "uid": "00000000-0000-0000-0000-000000000000"}
    labels = {k: v for k, v in honest["metadata"]["labels"].items() if k.startswith("renderjob.dev/")}
    forged = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-forged",
            "labels": {**labels, "kwok.renderjob.dev/outcome": "fail"},
            "finalizers": ["example.com/keep"],
            "ownerReferences": [owner],
        },
        "spec": {
            "containers": [{"name": "verify", "image": "example/none:1"}],
            "restartPolicy": "Never",
        },
    }
    farm.plane.api("POST", f"/api/v1/namespaces/{place}/pods", forged)
    status = farm.end(name)
    patch = {"metadata": {"finalizers": None}}
    farm.plane.api(
        "PATCH", f"/api/v1/namespaces/{place}/pods/{name}-forged", patch, "application/merge-patch+json"
    )
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 0)
    assert status["nextAttempt"] == 3, "one chunk and one verification"
