"""Manifests for a real cluster: small renderers in the operator's own image, on the volume `renders`."""

from __future__ import annotations

from typing import Any

from .cluster import IMAGE

Object = dict[str, Any]

UNPRIVILEGED = {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532}


def render_job(name: str, command: list[str], *, container: Object | None = None, **spec: Any) -> Object:
    """A RenderJob of ten frames whose container runs `command`, with the volume at /renders."""
    mounts = [{"name": "renders", "mountPath": "/renders"}]
    render = {"name": "render", "image": IMAGE, "command": command, "volumeMounts": mounts}
    return {
        "apiVersion": "renderjob.dev/v1alpha1",
        "kind": "RenderJob",
        "metadata": {"name": name},
        "spec": {
            "frames": "1-10",
            "parallelism": 2,
            "template": {
                "spec": {
                    "containers": [{**render, **(container or {})}],
                    "securityContext": UNPRIVILEGED,
                    "terminationGracePeriodSeconds": 1,
                    "volumes": [{"name": "renders", "persistentVolumeClaim": {"claimName": "renders"}}],
                }
            },
            "retries": {"backoff": {"initial": "1s"}},
            **spec,
        },
    }


def python(*lines: str) -> list[str]:
    """A command that runs lines of Python; `frames` are the chunk's."""
    head = "import os, sys, time; frames = range(int(os.environ['RENDER_START']), int(os.environ['RENDER_END']) + 1)"
    return ["python", "-c", "\n".join([head, *lines])]


def files(directory: str) -> list[str]:
    """Lines that write a file for each frame."""
    return [
        f"os.makedirs('{directory}', exist_ok=True)",
        f"for frame in frames: open('{directory}/%04d.txt' % frame, 'w').write('frame %d' % frame)",
    ]
