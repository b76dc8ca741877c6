"""What the containers of an attempt may use: memory, by the template's limits, and by what was raised above them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderjob.api import PodTemplate, RenderJobSpec
from renderjob.api.quantity import memory_bytes

from .actions import Kind
from .inflight import InFlight


def memory_of(spec: RenderJobSpec, attempt: InFlight, container: str) -> int | None:
    """Bytes of memory that a container beside the renderer may use; None: it has no limit, or is not the manifest's."""
    raised = dict(attempt.memories).get(container)
    return raised if raised is not None else limit_of(template_of(spec, attempt.kind), container)


def template_of(spec: RenderJobSpec, kind: Kind) -> PodTemplate:
    """The template that an attempt of this kind is made from."""
    merge = spec.merge
    own = merge.template if kind is Kind.MERGE and merge is not None else None
    return own or spec.template


def limit_of(template: PodTemplate, container: str) -> int | None:
    """Bytes of memory that the template gives to a container of this name, an init container, too."""
    pod = template.spec
    for one in pod.containers:
        if one.name == container:
            return _limit(one.resources.limits)
    for other in (pod.model_extra or {}).get("initContainers") or ():
        if isinstance(other, Mapping) and other.get("name") == container:
            resources = other.get("resources")
            limits = resources.get("limits") if isinstance(resources, Mapping) else None
            return _limit(limits if isinstance(limits, Mapping) else {})
    return None


def _limit(limits: Mapping[str, Any]) -> int | None:
    amount = limits.get("memory")
    try:
        return memory_bytes(str(amount)) if amount is not None else None
    except ValueError:
        # The API server has the last word on what the manifest leaves unread.
        return None
