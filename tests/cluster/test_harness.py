"""The harness itself: what other tests stand on."""

from __future__ import annotations

from harness import ControlPlane


def job(name: str, **annotations: str) -> dict:
    """A Job of one pod that comes to what its annotations say."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": {"annotations": {f"kwok.renderjob.dev/{k}": v for k, v in annotations.items()}},
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "render", "image": "example/none"}],
                },
            },
        },
    }


def test_a_job_succeeds(control_plane: ControlPlane, namespace: str):
    control_plane.apply(job("fine"), "-n", namespace)
    control_plane.kubectl("wait", "--for=condition=Complete", "job/fine", "-n", namespace, "--timeout=60s")
