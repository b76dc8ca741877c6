"""The pod of a chunk, or of a merge of one's own: the user's template, told what to render."""

from __future__ import annotations

from typing import Any

from renderjob.api import Container, PodTemplate, RenderJob
from renderjob.core import Attempt, Kind
from renderjob.workload import command_of, render_environment

from .fence import mount_fence

Object = dict[str, Any]


def template_pod(job: RenderJob, attempt: Attempt) -> Object:
    """The template with the RENDER_ variables before the container's own, and nothing else changed but:

    the command of a listed chunk, memory that was raised, of the container that ran out of it, the end of the log as
    the termination message, from which failures are read, and a directory of the attempt's own where output.fenced
    asks for one.

    Raises:
        ValueError: output.fenced asks for what can't be had, in a sentence.
    """
    merging = attempt.kind is Kind.MERGE
    template = _template_of(job, merging=merging)
    pod = template.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    pod.pop("status", None)
    container = _render_container(pod, template.container.name)
    environment = render_environment(
        job,
        attempt.frames,
        chunk=attempt.chunk,
        chunks=attempt.chunks,
        attempt=attempt.number,
        output=job.spec.output.path if job.spec.output else "",
    )
    ours = [{"name": name, "value": _literal(value)} for name, value in environment.items()]
    container["env"] = [*ours, *container.get("env", [])]
    container.setdefault("terminationMessagePolicy", "FallbackToLogsOnError")
    command, args = command_of(job, template.container, None if merging else attempt.chunk)
    _set(container, "command", command, template.container)
    _set(container, "args", args, template.container)
    if attempt.memory is not None:
        _raise_memory(container, attempt.memory)
    for name, count in attempt.memories:
        for other in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())):
            if other["name"] == name and other is not container:
                _raise_memory(other, count)
    if not merging:
        mount_fence(job, attempt, container)
    return pod


def _template_of(job: RenderJob, *, merging: bool) -> PodTemplate:
    if merging and job.spec.merge is not None and job.spec.merge.template is not None:
        return job.spec.merge.template
    return job.spec.template


def _render_container(pod: Object, name: str) -> Object:
    container: Object = next(c for c in pod["spec"]["containers"] if c["name"] == name)
    return container


def _literal(value: str) -> str:
    """A value that Kubernetes leaves as it is: in what it expands, `$$` stands for `$`."""
    return value.replace("$", "$$")


def _set(container: Object, field: str, value: list[str], template: Container) -> None:
    if value != getattr(template, field):
        container[field] = list(value)


def _raise_memory(container: Object, count: int) -> None:
    resources = container.setdefault("resources", {})
    for kind in ("requests", "limits"):
        if kind == "limits" or "memory" in resources.get("requests", {}):
            resources.setdefault(kind, {})["memory"] = str(count)
