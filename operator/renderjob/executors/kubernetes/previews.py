"""The Job of a preview: whoever wants to look makes it, with rights of their own, and removes it."""

from __future__ import annotations

from typing import Any, Final

from renderjob.api import RenderJob

from .helper_containers import PREVIEW
from .helpers import MAX_REQUEST, pod_beside_frames
from .manifests import inherited, owner_of
from .names import LABEL_JOB, LABEL_KIND, preview_name

Object = dict[str, Any]

PREVIEW_CONTAINER: Final = "preview"

PREVIEW_DEADLINE: Final = 1800
"""Seconds that it may take, the wait for a node included."""

LEFT: Final = 60
"""Seconds after its end when it goes by itself, should nobody be there any more to remove it."""


def preview_manifest(job: RenderJob, request: str, image: str, mark: str) -> Object:
    """The batch/v1 Job that runs `renderjob show` beside the frames, which it can only read.

    It has none of the labels by which an operator knows an attempt.

    Args:
        job: whose frames.
        request: what to show, packed.
        image: with renderjob in it: the operator's.
        mark: what tells it from other previews of the job.

    Raises:
        ValueError: the request is too large for an argument.
    """
    if len(request) > MAX_REQUEST:
        raise ValueError(
            f"the frames are too scattered for one command ({len(request)} bytes, at most {MAX_REQUEST}): "
            "show fewer (--frames)"
        )
    labels = {**inherited(job.metadata.labels), LABEL_JOB: job.metadata.name, LABEL_KIND: "preview"}
    template = pod_beside_frames(job, PREVIEW_CONTAINER, image, ["show", request], PREVIEW, read_only=True)
    template["metadata"]["labels"] |= labels
    template["spec"] |= {"restartPolicy": "Never", "automountServiceAccountToken": False}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": preview_name(job, mark),
            "namespace": job.metadata.namespace,
            "labels": labels,
            "annotations": inherited(job.metadata.annotations),
            "ownerReferences": [owner_of(job)],
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": PREVIEW_DEADLINE,
            "ttlSecondsAfterFinished": LEFT,
            "template": template,
        },
    }
