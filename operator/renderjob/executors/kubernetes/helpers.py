"""The pods that are ours: the built-in merge, verifications and previews, on the volumes of the user's template."""

from __future__ import annotations

from typing import Any, Final

from renderjob.api import RenderJob
from renderjob.core import Attempt, Kind, render_digest
from renderjob.frames import EMPTY
from renderjob.workload import fence_request, merge_request, pack, render_environment, verify_request

Object = dict[str, Any]

TERMINATION_LOG = "/dev/termination-log"

MAX_REQUEST = 120 * 1024
"""Bytes of one argument that Linux takes, and some room."""

_POD_FIELDS: Final = (
    "volumes",
    "securityContext",
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

_OF_THE_JOB: Final = ("RENDER_JOB", "RENDER_JOB_UID", "RENDER_NAMESPACE")

_RESOURCES: Final = {
    Kind.VERIFY: {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
    Kind.MERGE: {"requests": {"cpu": "500m", "memory": "512Mi"}},
    Kind.CHECK: {"requests": {"cpu": "500m", "memory": "512Mi"}},
}


def helper_pod(job: RenderJob, attempt: Attempt, image: str) -> Object:
    """A pod template that runs `renderjob verify` or `renderjob merge` beside the frames.

    Raises:
        ValueError: the request is too large for an argument.
    """
    name, arguments = attempt.kind.value.lower(), _arguments(job, attempt)
    return pod_beside_frames(job, name, image, arguments, _RESOURCES[attempt.kind])


def pod_beside_frames(
    job: RenderJob,
    name: str,
    image: str,
    arguments: list[str],
    resources: Object,
    *,
    read_only: bool = False,
) -> Object:
    """A pod template that runs `renderjob` with these arguments where the template's pods run, on their volumes."""
    template = job.spec.template
    pod = template.spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    render = next(c for c in pod["containers"] if c["name"] == template.container.name)
    container: Object = {
        "name": name,
        "image": image,
        "args": arguments,
        "resources": resources,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": _security(pod, render),
        # Nothing of ours is written anywhere but to the output: ffmpeg and Python need a place to be.
        "env": [{"name": "HOME", "value": "/tmp"}, {"name": "TMPDIR", "value": "/tmp"}],  # noqa: S108
    }
    if "volumeMounts" in render:
        only = {"readOnly": True} if read_only else {}
        container["volumeMounts"] = [mount | only for mount in render["volumeMounts"]]
        if any("subPathExpr" in mount for mount in render["volumeMounts"]):
            container |= _what_paths_are_made_of(job, render, container["env"])
    spec = {name: pod[name] for name in _POD_FIELDS if name in pod}
    return {"spec": {**spec, "containers": [container]}}


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
            digest = render_digest(job.spec)
            request |= {"fence": fence_request(job, digest, attempt.id, attempt.beside)}
        packed = pack(request)
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


def _security(pod: Object, render: Object) -> Object:
    """As the renderer: what it wrote can be read then, and the video lies beside it with the same owner.

    Where the manifest names no user, the renderer runs as its image says, which is root for most; ours would
    run as its own unprivileged user and could not write beside root's files.
    """
    own = {k: v for k, v in render.get("securityContext", {}).items() if k != "readOnlyRootFilesystem"}
    chosen = {**pod.get("securityContext", {}), **own}
    if not {"runAsUser", "runAsNonRoot"} & chosen.keys():
        own = {**own, "runAsUser": 0}
    return {"allowPrivilegeEscalation": False, **own}
