"""Who the pods that are ours are, and what they may do: read and write the frames as the renderer would, and no more.

A namespace may enforce the Pod Security Standard `restricted`; a template that it takes gives a helper that it takes.
"""

from __future__ import annotations

from typing import Any, Final

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
