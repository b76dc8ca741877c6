"""Jobs and pods for tests against a control plane; what their pods come to is told to the simulated kubelet."""

from __future__ import annotations

from typing import Any

from harness import ControlPlane
from harness.waiting import until


def told(**annotations: str) -> dict[str, str]:
    """Annotations, or labels, for the simulated kubelet: `told(outcome="fail", exit_code="33")`; see
    tests/harness/README.md."""
    return {f"kwok.renderjob.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}


def one_pod_job(
    name: str, labels: dict[str, str] | None = None, env: dict[str, str] | None = None, **annotations: str
) -> dict[str, Any]:
    """A Job of one pod without a second try."""
    container = {
        "name": "render",
        "image": "example/none:1",
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            "template": {
                "metadata": {"annotations": told(**annotations), "labels": labels or {}},
                "spec": {"restartPolicy": "Never", "containers": [container]},
            },
        },
    }


def pod_of(plane: ControlPlane, namespace: str, job: str) -> dict[str, Any] | None:
    """The one pod of a Job; None while there is none."""
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=batch.kubernetes.io/job-name%3D{job}"
    pods = plane.api("GET", path)["items"]
    assert len(pods) < 2, [pod["metadata"]["name"] for pod in pods]
    return pods[0] if pods else None


def job_of(plane: ControlPlane, namespace: str, job: str) -> dict[str, Any]:
    """A Job, as the API server has it."""
    return plane.api("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs/{job}")


def ended(plane: ControlPlane, namespace: str, manifest: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Make a one-pod Job and wait for its end: its last condition, such as Complete, and its pod."""
    name = manifest["metadata"]["name"]
    plane.api("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", manifest)

    def last() -> str:
        conditions = job_of(plane, namespace, name)["status"].get("conditions", [])
        return next((c["type"] for c in conditions if c["type"] in ("Complete", "Failed")), "")

    verdict = until(last, f"for the end of job {name}")
    pod = pod_of(plane, namespace, name)
    assert pod is not None
    return verdict, pod


def running(plane: ControlPlane, namespace: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Make a one-pod Job and wait until its pod runs; the pod."""
    name = manifest["metadata"]["name"]
    plane.api("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", manifest)
    return in_phase(plane, namespace, name, "Running")


def in_phase(plane: ControlPlane, namespace: str, job: str, phase: str) -> dict[str, Any]:
    """Wait until a Job's pod is in a phase; the pod."""

    def found() -> dict[str, Any] | None:
        pod = pod_of(plane, namespace, job)
        return pod if pod and pod["status"]["phase"] == phase else None

    pod = until(found, f"for the pod of {job} to be {phase}")
    assert pod is not None
    return pod


def state_of(pod: dict[str, Any], container: str = "render") -> dict[str, Any]:
    """A container's state."""
    states = {each["name"]: each["state"] for each in pod["status"]["containerStatuses"]}
    return states[container]


def condition(thing: dict[str, Any], kind: str) -> dict[str, Any]:
    """A condition of an object; empty when it has none of this type."""
    return next((c for c in thing["status"].get("conditions", []) if c["type"] == kind), {})
