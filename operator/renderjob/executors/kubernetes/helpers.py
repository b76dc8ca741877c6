"""The pods that are ours: the built-in merge, verifications and previews, on the volumes of the user's template."""

from __future__ import annotations

import posixpath
from typing import Any, Final

from renderjob.api import OutputCheck, RenderJob
from renderjob.core import Attempt, Kind, digest_of
from renderjob.core.inflight import parse
from renderjob.frames import EMPTY
from renderjob.workload import (
    fence_request,
    merge_request,
    pack,
    render_environment,
    running_request,
    verify_request,
)

from .helper_containers import (
    DECODE,
    MERGE,
    TMP,
    TMP_VOLUME,
    VERIFY,
    Needs,
    container_security,
    helper_resources,
    pod_security,
)

Object = dict[str, Any]

TERMINATION_LOG = "/dev/termination-log"

MAX_REQUEST = 120 * 1024
"""Bytes of one argument that Linux takes, and some room."""

_POD_FIELDS: Final = (
    "nodeSelector",
    "affinity",
    "tolerations",
    "imagePullSecrets",
    "priorityClassName",
    "schedulerName",
    "serviceAccountName",
    "hostAliases",
    "dnsPolicy",
    "dnsConfig",
)
"""Of the user's pod what decides where it may run and what it sees; its containers are not ours."""

_NOT_OURS: Final = (
    "container.apparmor.security.beta.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
    "kubectl.kubernetes.io/default-",
    "vault.hashicorp.com/",
)
"""Annotations of the user's pod that name a container of it, which the API server refuses where there is none, or that
bring secrets."""

_OF_THE_JOB: Final = ("RENDER_JOB", "RENDER_JOB_UID", "RENDER_NAMESPACE")

_NEEDS: Final = {Kind.VERIFY: VERIFY, Kind.MERGE: MERGE, Kind.CHECK: MERGE, Kind.LOOK: VERIFY}


def helper_pod(job: RenderJob, attempt: Attempt, image: str) -> Object:
    """A pod template that runs `renderjob verify` or `renderjob merge` beside the frames; a look is read-only.

    Raises:
        ValueError: the request is too large for an argument.
    """
    name, arguments = attempt.kind.value.lower(), _arguments(job, attempt)
    fenced = job.spec.output is not None and job.spec.output.fenced
    looks = attempt.kind is Kind.LOOK or (attempt.kind is Kind.VERIFY and not fenced)
    return pod_beside_frames(
        job, name, image, arguments, _needs(job, attempt), read_only=looks, memory=attempt.memory
    )


def _needs(job: RenderJob, attempt: Attempt) -> Needs:
    output = job.spec.output
    decodes = output is not None and output.check is OutputCheck.DECODE
    return DECODE if attempt.kind is Kind.VERIFY and decodes else _NEEDS[attempt.kind]


def pod_beside_frames(
    job: RenderJob,
    name: str,
    image: str,
    arguments: list[str],
    needs: Needs,
    *,
    read_only: bool = False,
    memory: int | None = None,
) -> Object:
    """A pod template that runs `renderjob` with these arguments where the template's pods run, on their volumes.

    Args:
        job: whose frames.
        name: of the container.
        image: with renderjob in it.
        arguments: of `renderjob`.
        needs: what it asks for at most.
        read_only: it writes to no volume.
        memory: bytes that it was found to need.

    Raises:
        ValueError: a quantity in the template is none.
    """
    template = job.spec.template
    pod = template.spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    render = next(c for c in pod["containers"] if c["name"] == template.container.name)
    container: Object = {
        "name": name,
        "image": image,
        "args": arguments,
        "resources": helper_resources(render, needs, memory),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": container_security(pod, render),
        # Nothing of ours is written anywhere but to the output: ffmpeg and Python need a place to be.
        "env": [{"name": "HOME", "value": TMP}, {"name": "TMPDIR", "value": TMP}],
    }
    mounts, volumes = _volumes(job, pod, render, read_only=read_only)
    container["volumeMounts"] = mounts
    if any("subPathExpr" in mount for mount in mounts):
        container |= _what_paths_are_made_of(job, render, container["env"])
    spec = {name: pod[name] for name in _POD_FIELDS if name in pod}
    return {
        "metadata": _meta(job),
        "spec": {**spec, "securityContext": pod_security(pod), "volumes": volumes, "containers": [container]},
    }


def _meta(job: RenderJob) -> Object:
    """The labels and annotations of the user's pods: network policies, injectors, volumes and bills go by them."""
    meta = job.spec.template.metadata
    return {
        "labels": dict(meta.labels),
        "annotations": {name: v for name, v in meta.annotations.items() if not name.startswith(_NOT_OURS)},
    }


def _volumes(
    job: RenderJob, pod: Object, render: Object, *, read_only: bool
) -> tuple[list[Object], list[Object]]:
    """The renderer's mounts and their volumes, and a place of our own for what is passing.

    Written to is only where the output lies. A secret is none of ours.
    """
    output = job.spec.output.path if job.spec.output else ""
    secret = {volume["name"] for volume in pod.get("volumes", ()) if "secret" in volume}
    # What the renderer has at /tmp is its own affair, unless the output lies there.
    mounts = [
        mount
        for mount in render.get("volumeMounts", ())
        if mount["name"] not in secret
        and (mount["mountPath"].rstrip("/") != TMP or _near(mount["mountPath"], output))
    ]
    held = [
        mount if not read_only and _near(mount["mountPath"], output) else mount | {"readOnly": True}
        for mount in mounts
    ]
    wanted = {mount["name"] for mount in held}
    volumes = [volume for volume in pod.get("volumes", ()) if volume["name"] in wanted]
    if all(mount["mountPath"].rstrip("/") != TMP for mount in held):
        held.append({"name": TMP_VOLUME, "mountPath": TMP})
        volumes.append({"name": TMP_VOLUME, "emptyDir": {}})
    return held, volumes


def _near(mount: str, output: str) -> bool:
    """Whether the output lies in a mount, or the mount in the output."""
    one, other = (posixpath.normpath(path).rstrip("/") + "/" for path in (mount, output or "/"))
    return one.startswith(other) or other.startswith(one)


def _what_paths_are_made_of(job: RenderJob, render: Object, own: list[Object]) -> Object:
    """The variables that a mount's subPathExpr may name: the manifest's, and those that are the same in all chunks."""
    told = render_environment(job, EMPTY, chunk=0, chunks=0, attempt=0, output="")
    ours = [{"name": name, "value": told[name]} for name in _OF_THE_JOB]
    found: Object = {"env": [*ours, *render.get("env", []), *own]}
    return found | ({"envFrom": render["envFrom"]} if "envFrom" in render else {})


def _arguments(job: RenderJob, attempt: Attempt) -> list[str]:
    directory = job.spec.output.path if job.spec.output else ""
    if attempt.kind is Kind.VERIFY:
        request = verify_request(job, attempt.frames, directory)
        if job.spec.output and job.spec.output.fenced:
            digest = digest_of(job.spec, job.status)
            request |= {"fence": fence_request(job, digest, attempt.id, attempt.beside)}
        packed = pack(request)
        words = ["verify", "--report", TERMINATION_LOG, packed]
    elif attempt.kind is Kind.LOOK:
        running = [a for a in map(parse, job.status.in_flight) if a.id in attempt.beside and a.began]
        told = ((a.id, a.frames, a.began) for a in running)
        packed = pack(running_request(job, told, directory, digest_of(job.spec, job.status)))
        words = ["verify", "--report", TERMINATION_LOG, packed]
    else:
        trial = attempt.kind is Kind.CHECK
        packed = pack(merge_request(job, attempt.frames, directory, trial=trial))
        words = ["merge", "--report", TERMINATION_LOG, packed]
    if len(packed) > MAX_REQUEST:
        raise ValueError(
            f"the {words[0]} of {len(attempt.frames)} frames names too many files for one command "
            f"({len(packed)} bytes, at most {MAX_REQUEST}): use larger chunks, or shorter names"
        )
    return words
