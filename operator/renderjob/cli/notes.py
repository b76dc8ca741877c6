"""What a user should know before a local run: what of the manifest has no effect here."""

from __future__ import annotations

from renderjob.api import RenderJob
from renderjob.api.nodes import NodesSpec


def notes(job: RenderJob) -> list[str]:
    """One sentence for each."""
    container = job.spec.template.container
    said = []
    if container.image:
        said.append(f"image {container.image} is not used: programs of this machine run instead")
    if "memory" in container.resources.limits:
        from renderjob.executors.local.memory import NOTE

        said.append(NOTE)
    if job.spec.nodes != NodesSpec():
        said.append("spec.nodes has no effect here: there is one machine")
    return said
