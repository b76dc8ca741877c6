"""Manifests for tests: the shortest that is valid, with what a test cares about on top."""

from __future__ import annotations

from typing import Any

from renderjob.api import RenderJob, RenderJobSpec


def manifest(name: str = "shot", command: list[str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "render", "command": command or ["render"]}
    return {
        "apiVersion": "renderjob.dev/v1alpha1",
        "kind": "RenderJob",
        "metadata": {"name": name},
        "spec": {"frames": "1-10", "template": {"spec": {"containers": [container]}}, **spec},
    }


def job(name: str = "shot", command: list[str] | None = None, **spec: Any) -> RenderJob:
    return RenderJob.model_validate(manifest(name, command, **spec))


def spec(**fields: Any) -> RenderJobSpec:
    return job(**fields).spec
