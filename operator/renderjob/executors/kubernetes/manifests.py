"""The Job of an attempt, around the pod that it runs."""

from __future__ import annotations

import copy
import hashlib
import math
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final

from renderjob.api import API_VERSION, KIND, PodTemplate, RenderJob
from renderjob.api.merge_backends import built_in
from renderjob.core import Attempt, Kind
from renderjob.core.resources import template_of

from .helpers import helper_pod
from .names import (
    ANNOTATION_CONTAINER,
    ANNOTATION_FRAMES,
    ANNOTATION_TEMPLATE,
    LABEL_ATTEMPT,
    LABEL_CHUNK,
    LABEL_ID,
    LABEL_JOB,
    LABEL_KIND,
    LABEL_UID,
    child_name,
)
from .pods import template_pod

Object = dict[str, Any]

START_ALLOWANCE = 3600
"""Seconds that a chunk may wait for its node beyond `timeouts.chunk`: a safety net for when no operator runs."""

ORPHANED = 7 * 86400
"""Seconds that a Job is kept after its end at least, should no operator be there to count it: what is removed
before it is counted is rendered again. The operator removes Jobs itself, as `cleanup` says."""

HELPER_DEADLINE = 3600
"""Seconds that a verification, or a check of the merge, may take."""

_MAX_ANNOTATION = 16 * 1024

NOT_INHERITED: Final = (
    "kubectl.kubernetes.io/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
)
"""Labels and annotations by which tools know what they have applied: on a child they would claim it."""

WEIGHT = 100
"""Of what had better not be: the most that Kubernetes knows."""

DIGEST = 16
"""Hexadecimal digits."""

_MOST = 1024
_known: dict[int, tuple[weakref.ref[PodTemplate], str]] = {}
"""Digests of templates that were asked for before: a template never changes, and every Job asks."""


def job_manifest(job: RenderJob, attempt: Attempt, image: str) -> Object:
    """The batch/v1 Job that runs an attempt.

    Args:
        job: whose attempt it is.
        attempt: what to run.
        image: of the pods that are ours: the built-in merge, and verifications.

    Raises:
        ValueError: the manifest asks for what can't be run in a cluster, in a sentence.
    """
    spec = job.spec
    labels = _labels(job, attempt)
    template = _template(job, attempt, image)
    meta = template.setdefault("metadata", {})
    meta["labels"] = {**inherited(job.metadata.labels), **(meta.get("labels") or {}), **labels}
    own = {**_frames(attempt), ANNOTATION_CONTAINER: container_name(job, attempt.kind)}
    meta["annotations"] = {**(meta.get("annotations") or {}), **own}
    template["spec"]["restartPolicy"] = "Never"
    _keep_away(template["spec"], attempt.avoid, attempt.shun)
    template["spec"].setdefault("automountServiceAccountToken", False)
    body: Object = {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [_disruption_rule(job, attempt)]},
        "ttlSecondsAfterFinished": max(ORPHANED, spec.cleanup.ttl_seconds_after_finished),
        "template": template,
    }
    deadline = _deadline(job, attempt)
    if deadline is not None:
        body["activeDeadlineSeconds"] = deadline
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": child_name(job, attempt),
            "namespace": job.metadata.namespace,
            "labels": {**inherited(job.metadata.labels), **labels},
            "annotations": {
                **inherited(job.metadata.annotations),
                **_frames(attempt),
                ANNOTATION_TEMPLATE: template_digest(job, attempt.kind),
            },
            "ownerReferences": [owner_of(job)],
        },
        "spec": body,
    }


def plain_job(job: RenderJob, attempt: Attempt) -> Object:
    """A Job of the template as the user wrote it, to ask the API server what it thinks of it."""
    template = job.spec.template.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    template["spec"]["restartPolicy"] = "Never"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": child_name(job, attempt), "namespace": job.metadata.namespace},
        "spec": {"template": template},
    }


def inherited(values: Mapping[str, str]) -> dict[str, str]:
    """Labels or annotations of a RenderJob that its children get: a queue's name, a cost centre."""
    return {name: value for name, value in values.items() if not name.startswith(NOT_INHERITED)}


def container_name(job: RenderJob, kind: Kind) -> str:
    """The container whose end is that of an attempt of this kind: what is injected may stand before it."""
    if _is_helper(job, kind):
        return kind.value.lower()
    return template_of(job.spec, kind).container.name


def _is_helper(job: RenderJob, kind: Kind) -> bool:
    """Whether the pod is ours: the built-in merge, a check of it, a verification, or a look at what runs."""
    if kind in (Kind.VERIFY, Kind.CHECK, Kind.LOOK):
        return True
    return kind is Kind.MERGE and built_in(job.spec.merge) is not None


def _labels(job: RenderJob, attempt: Attempt) -> dict[str, str]:
    return {
        LABEL_JOB: job.metadata.name,
        LABEL_UID: job.metadata.uid,
        LABEL_KIND: attempt.kind.value.lower(),
        LABEL_CHUNK: str(attempt.chunk),
        LABEL_ATTEMPT: str(attempt.number),
        LABEL_ID: str(attempt.id),
    }


def _frames(attempt: Attempt) -> dict[str, str]:
    frames = str(attempt.frames)
    return {ANNOTATION_FRAMES: frames if len(frames) <= _MAX_ANNOTATION else f"{frames[:_MAX_ANNOTATION]}…"}


def owner_of(job: RenderJob) -> Object:
    """The RenderJob as the owner of a child, which goes with it."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": job.metadata.name,
        "uid": job.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def _template(job: RenderJob, attempt: Attempt, image: str) -> Object:
    if _is_helper(job, attempt.kind):
        return helper_pod(job, attempt, image)
    return template_pod(job, attempt)


def _disruption_rule(job: RenderJob, attempt: Attempt) -> Object:
    """What an eviction does. It is free either way.

    Where files tell which frames are done, the Job ends, so that the next one renders only what is missing.
    Where nothing tells, it starts its pod anew by itself, whether or not an operator runs. But not where attempts
    are fenced: the pod that is given up and the one in its place would share a directory.
    """
    output = job.spec.output
    resumable = attempt.kind is Kind.RENDER and len(attempt.frames) > 1
    ledger = output is not None and output.pattern is not None
    fenced = output is not None and output.fenced and attempt.kind is Kind.RENDER
    action = "FailJob" if fenced or (resumable and ledger) else "Ignore"
    return {"action": action, "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


def _deadline(job: RenderJob, attempt: Attempt) -> int | None:
    if attempt.kind in (Kind.VERIFY, Kind.CHECK, Kind.LOOK):
        return HELPER_DEADLINE
    chunk = job.spec.timeouts.chunk
    if attempt.kind is Kind.RENDER and chunk is not None:
        # The decision core counts from the start of the container, and to the second; this counts from when
        # the Job was made, for when nobody is there to count.
        return math.ceil(chunk) + START_ALLOWANCE
    return None


def _keep_away(pod_spec: Object, avoid: Sequence[str], shun: Sequence[str]) -> None:
    """Add to a pod's spec that it runs on none of these nodes; by name, since labels may say otherwise."""
    if not (avoid or shun):
        return
    affinity = copy.deepcopy(pod_spec.get("affinity") or {})
    node = affinity.setdefault("nodeAffinity", {})
    if avoid:
        required = node.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {})
        # Terms are alternatives: each of the user's own must say it, too.
        for term in required.setdefault("nodeSelectorTerms", [{}]) or []:
            term.setdefault("matchFields", []).extend(_other_than(avoid))
    if shun:
        preferred = node.setdefault("preferredDuringSchedulingIgnoredDuringExecution", [])
        preferred.append({"weight": WEIGHT, "preference": {"matchFields": _other_than(shun)}})
    pod_spec["affinity"] = affinity


def _other_than(names: Sequence[str]) -> list[Object]:
    # A field takes one value; several requirements must all hold.
    return [{"key": "metadata.name", "operator": "NotIn", "values": [name]} for name in names]


def template_digest(job: RenderJob, kind: Kind) -> str:
    """Hexadecimal digest of all that a template says, whether or not a pixel depends on it.

    A verification, and the built-in merge, run on the volumes and the nodes that the renderer's template names.
    """
    merge = job.spec.merge
    own = merge.template if kind is Kind.MERGE and merge is not None else None
    return _digest(own or job.spec.template)


def _digest(template: PodTemplate) -> str:
    known = _known.get(id(template))
    if known is not None and known[0]() is template:
        return known[1]
    text = template.model_dump_json(by_alias=True, exclude_unset=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST]
    if len(_known) >= _MOST:
        _known.clear()
    _known[id(template)] = weakref.ref(template), digest
    return digest
