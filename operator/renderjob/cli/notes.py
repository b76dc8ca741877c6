"""What a user should know before a local run: what of the manifest has no effect here, and what is not here."""

from __future__ import annotations

from renderjob.api import RenderJob
from renderjob.api.nodes import NodesSpec

from .provisions import lacking


def notes(job: RenderJob) -> list[str]:
    """One sentence for each."""
    container = job.spec.template.container
    said = []
    if container.image:
        said.append(f"image {container.image} is not used: programs of this machine run instead")
    if "memory" in container.resources.limits:
        from renderjob.executors.local.memory import NOTE

        said.append(NOTE)
    devices = [name for name in container.resources.limits if "/" in name]
    if devices:
        said.append(
            f"the limits of {', '.join(devices)} are not held here: each chunk sees all that there is"
        )
    if job.spec.nodes != NodesSpec():
        said.append("spec.nodes has no effect here: there is one machine")
    return [*said, *map(str, lacking(job))]
