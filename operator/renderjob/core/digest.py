"""The digest of what a frame is rendered with: an edit that can change a pixel changes it, no other does.

What counts is what runs in the pod (of all its containers: an init container may fetch the scene, one beside the
renderer may serve it) and what it reads (what is mounted, and from where). What does not is where it runs, as whom,
with how much of what, and how patiently: resources, nodes, users, probes, labels, pull policies, parallelism, retries.
The contents of a claim, a ConfigMap or an image's tag are not in the manifest, so nobody here can know of them.
"""

from __future__ import annotations

import hashlib
import json
import weakref
from typing import Any

from renderjob.api import Container, OutputSpec, PodTemplate, RenderJobSpec, RenderJobStatus
from renderjob.api.merge_backends import backend_of
from renderjob.frames import FrameSet

LENGTH = 16

_RUN = ("image", "command", "args", "env", "envFrom", "workingDir")
"""Of a container."""
_INERT = frozenset(
    {"defaultMode", "mode", "readOnly", "optional", "pullPolicy", "fsType", "nodePublishSecretRef"}
)
"""Of a volume: who may read it, and how it is fetched, not what is in it."""
_EMPTY = frozenset(
    {"accessModes", "resources", "storageClassName", "volumeAttributesClassName", "volumeMode"}
)
"""Of a claim that is made for a pod: where the empty volume comes from."""

_MOST = 1024
_known: dict[int, tuple[weakref.ref[RenderJobSpec], str]] = {}
"""Digests of specs that were asked for before: a spec never changes, and every decision asks."""


def render_digest(spec: RenderJobSpec) -> str:
    """Hexadecimal digest of what the pod runs and reads, of the output, and of listed commands.

    The size of chunks counts only where a chunk is one file.
    """
    known = _known.get(id(spec))
    if known is not None and known[0]() is spec:
        return known[1]
    digest = _render_digest(spec)
    if len(_known) >= _MOST:
        _known.clear()
    _known[id(spec)] = weakref.ref(spec), digest
    return digest


def digest_of(spec: RenderJobSpec, status: RenderJobStatus) -> str:
    """The digest that a job's frames are to have been rendered with: its status's own, while that stands for the spec.

    An earlier version of this program took less into account. Where its digest stands for this spec, the new one is
    added to it, `old-new`: so nothing is rendered again, directories that are named by it stay what they are, and
    whatever is edited from here on is noticed.
    """
    known, now = status.digest, render_digest(spec)
    if known == now or known.endswith(f"-{now}"):
        return known
    return f"{known}-{now}" if known and known == _first_digest(spec) else now


def is_same(before: str, digest: str) -> bool:
    """Whether a digest of the status is this one, or became it without an edit; none at all is not known to differ."""
    return before in ("", digest) or digest.startswith(f"{before}-")


def _render_digest(spec: RenderJobSpec) -> str:
    return _hash({"pod": _pod(spec.template)} | _of_the_job(spec))


def _first_digest(spec: RenderJobSpec) -> str:
    """The digest of this program's first version."""
    pod = {
        "container": _first_container(spec.template.container),
        "volumes": sorted(str(volume.get("name", "")) for volume in spec.template.spec.volumes),
    }
    return _hash(pod | _of_the_job(spec))


def _of_the_job(spec: RenderJobSpec) -> dict[str, Any]:
    output = spec.output
    parts: dict[str, Any] = {"output": _output(output) if output else None}
    if spec.chunks.explicit is not None:
        parts["explicit"] = [[c.frames, c.command, c.args, c.output] for c in spec.chunks.explicit]
    elif output and output.chunk_file:
        parts["size"] = spec.chunk_size
    return parts


def _output(output: OutputSpec) -> list[Any]:
    # Jobs of before there were several files keep their digest.
    return [output.path, output.file, output.chunk_file, *([output.files] if output.files else [])]


def merge_digest(spec: RenderJobSpec, digest: str, completed: FrameSet, failed: FrameSet) -> str:
    """Hexadecimal digest of what a merge is made from: frames, what they were rendered with, its settings.

    Of a job that an earlier version began it is as that version made it: nothing is merged again for an upgrade.
    """
    first, _, now = digest.partition("-")
    backend = backend_of(spec.merge)
    settings: Any = None
    if backend is not None and backend.template is not None:
        pod = _first_container(backend.template.container) if now else _pod(backend.template)
        settings = [pod, backend.file]
    elif backend is not None and backend.options is not None:
        settings = backend.options.to_wire()
    return _hash([first, str(completed), str(failed), settings])


def _first_container(container: Container) -> list[Any]:
    return [
        container.image,
        container.command,
        container.args,
        [variable.to_wire() for variable in container.env],
        container.working_dir,
        [[mount.name, mount.mount_path] for mount in container.volume_mounts],
    ]


def _pod(template: PodTemplate) -> dict[str, Any]:
    """What the containers of a pod run and read; the one that renders comes first."""
    pod = template.spec.to_wire()
    volumes = {str(volume.get("name", "")): volume for volume in _objects(pod.get("volumes"))}
    renderer = template.container.name
    containers = sorted(_objects(pod.get("containers")), key=lambda each: each.get("name") != renderer)
    parts: dict[str, Any] = {
        "before": [_container(each, volumes) for each in _objects(pod.get("initContainers"))],
        "containers": [_container(each, volumes) for each in containers],
        "hosts": pod.get("hostAliases"),
    }
    text = json.dumps(parts, default=str)
    told = {"labels": template.metadata.labels, "annotations": template.metadata.annotations}
    return parts | {name: held for name, held in told.items() if f"metadata.{name}" in text}


def _container(container: dict[str, Any], volumes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    lifecycle = container.get("lifecycle")
    mounts = [
        [mount.get("mountPath"), mount.get("subPath"), mount.get("subPathExpr"), _source(mount, volumes)]
        for mount in _objects(container.get("volumeMounts"))
    ]
    devices = [
        [device.get("devicePath"), _source(device, volumes)]
        for device in _objects(container.get("volumeDevices"))
    ]
    return {name: container[name] for name in _RUN if container.get(name)} | {
        "mounts": sorted(mounts, key=lambda mount: str(mount[0])),
        "devices": devices,
        "postStart": lifecycle.get("postStart") if isinstance(lifecycle, dict) else None,
    }


def _source(mount: dict[str, Any], volumes: dict[str, dict[str, Any]]) -> Any:
    """Where what is mounted comes from: a volume without its name, and without what changes nothing in it."""
    volume = volumes.get(str(mount.get("name", "")), {})
    return {kind: _contents(kind, source) for kind, source in volume.items() if kind != "name"}


def _contents(kind: str, source: Any) -> Any:
    if kind == "emptyDir":
        return None
    if kind == "ephemeral" and isinstance(source, dict):
        claim = source.get("volumeClaimTemplate")
        asked = claim.get("spec") if isinstance(claim, dict) else None
        return {k: v for k, v in asked.items() if k not in _EMPTY} if isinstance(asked, dict) else asked
    if kind == "csi" and isinstance(source, dict):
        # The names of a driver's attributes are its own.
        return {name: value for name, value in source.items() if name not in _INERT}
    return _without_inert(source)


def _without_inert(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_inert(each)
            for name, each in value.items()
            if name not in _INERT and name != "serviceAccountToken"
        }
    return [_without_inert(each) for each in value] if isinstance(value, list) else value


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, whatever else somebody wrote there."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _hash(parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
