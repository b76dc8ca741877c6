"""Containers that are ours: what they ask for, who they are, and what they may do.

They ask for no more than the renderer does, so that they fit wherever it fits. A ResourceQuota may count limits, a
LimitRange may bound them, and a queue may cover the CPU alone: what the template names of these, ours name, too, and
nothing else. So whatever admits a chunk admits its verification and the merge.

They read and write the frames as the renderer would, and may do no more. A namespace may enforce the Pod Security
Standard `restricted`; a template that it takes gives a helper that it takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from renderjob.api.quantity import memory_bytes

Object = dict[str, Any]

TMP: Final = "/tmp"  # noqa: S108 - of the container, and nobody else's
"""All that they write but for their output lies here."""

TMP_VOLUME: Final = "renderjob-tmp"

_WHO: Final = ("runAsUser", "runAsGroup", "runAsNonRoot", "seLinuxOptions")
"""Of a container's security context what decides whose files it reads and writes."""

_WHO_OF_POD: Final = (
    *_WHO,
    "fsGroup",
    "fsGroupChangePolicy",
    "supplementalGroups",
    "supplementalGroupsPolicy",
)

_OF_ROOT: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
"""What root needs of all that it may do: files whose owner is another are read, replaced and given back."""

_MILLI: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Needs:
    """What one asks for where the template names no resources, and never exceeds where it does."""

    cpu: str
    """Set aside by the scheduler; what is free beyond it is used."""
    memory: str
    least: str = "256Mi"
    """Of memory that it may use at least, whatever the template's limit."""


VERIFY: Final = Needs("50m", "96Mi")
DECODE: Final = Needs("100m", "192Mi", least="2560Mi")
"""Of a verification that decodes pictures: what `media.decoding` takes at most, and some."""
MERGE: Final = Needs("100m", "192Mi")
PREVIEW: Final = Needs("100m", "128Mi")


def helper_resources(render: Object, needs: Needs, memory: int | None = None) -> Object:
    """Requests and limits of one of our containers.

    Args:
        render: the template's container that renders.
        needs: of ours.
        memory: bytes that it may use, when it has been found to need them.

    Raises:
        ValueError: a quantity in the template is none.
    """
    theirs = render.get("resources") or {}
    requests, limits = theirs.get("requests") or {}, theirs.get("limits") or {}
    if not requests and not limits:
        return {"requests": {"cpu": needs.cpu, "memory": needs.memory}}
    found: Object = {"requests": {}, "limits": {}}
    for name, ours, size in (("cpu", needs.cpu, _cpu), ("memory", needs.memory, memory_bytes)):
        asked = requests.get(name, limits.get(name))
        if asked is not None:
            found["requests"][name] = min(ours, str(asked), key=size)
        if name in limits:
            found["limits"][name] = str(limits[name])
    if "memory" in found["limits"]:
        found["limits"]["memory"] = max(found["limits"]["memory"], needs.least, key=memory_bytes)
        if memory is not None:
            found["limits"]["memory"] = str(memory)
    for kind, values in (("requests", requests), ("limits", limits)):
        if "ephemeral-storage" in values:
            found[kind]["ephemeral-storage"] = str(values["ephemeral-storage"])
    return {kind: values for kind, values in found.items() if values}


def _cpu(text: str) -> Decimal:
    """CPUs of a quantity.

    Raises:
        ValueError: it is none.
    """
    try:
        return Decimal(text[:-1]) * _MILLI if text.endswith("m") else Decimal(text)
    except ArithmeticError:
        raise ValueError(f"spec.template: {text!r} is no number of CPUs, such as 500m or 2") from None


def pod_security(pod: Object) -> Object:
    """The pod's: users and groups of the template's, and the runtime's own filter of system calls."""
    return {
        **_only(_WHO_OF_POD, pod.get("securityContext")),
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security(pod: Object, render: Object) -> Object:
    """The container's: as the renderer, so that what it wrote can be read, and the video has the same owner.

    Where the manifest names no user, the renderer runs as its image says, which is root for most: ours would run as
    its own user, and could not write beside root's files. So it is root then, too, with what root needs to move files
    and nothing else. A namespace that enforces `restricted` takes no such template.
    """
    own = _only(_WHO, render.get("securityContext"))
    chosen = {**_only(_WHO, pod.get("securityContext")), **own}
    if "runAsUser" not in chosen and not chosen.get("runAsNonRoot"):
        own["runAsUser"] = chosen["runAsUser"] = 0
    root = chosen.get("runAsUser") == 0
    own["runAsNonRoot"] = not root
    capabilities: Object = {"drop": ["ALL"]}
    if root and not _dropped_all(render):
        capabilities["add"] = list(_OF_ROOT)
    return {
        **own,
        "allowPrivilegeEscalation": False,
        "capabilities": capabilities,
        "readOnlyRootFilesystem": True,
    }


def _dropped_all(render: Object) -> bool:
    """Whether the renderer itself does without what root may do."""
    capabilities = (render.get("securityContext") or {}).get("capabilities") or {}
    return "ALL" in (capabilities.get("drop") or ()) and not capabilities.get("add")


def _only(names: tuple[str, ...], values: Object | None) -> Object:
    return {name: values[name] for name in names if name in values} if values else {}
