"""A RenderJob between its JSON on an API server and its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from renderjob.api import ObjectMeta, RenderJob, RenderJobSpec, RenderJobStatus
from renderjob.manager import InvalidJobError, RepositoryError
from renderjob.manifest import problems_of

Object = dict[str, Any]

_STAND_IN = RenderJobSpec.model_validate(
    {"frames": "1", "template": {"spec": {"containers": [{"name": "render"}]}}}
)
"""For a spec that can't be read; nothing is ever decided on it."""


def read_job(raw: Mapping[str, Any], known: RenderJob | None = None) -> RenderJob:
    """The model of a resource.

    Args:
        raw: the resource, as the API server has it.
        known: an earlier reading of it, whose spec serves again while its generation is the same: a spec
            is large, and what was worked out from it is remembered with it.

    Raises:
        InvalidJobError: the spec can't be read.
        RepositoryError: the metadata or the status can't: another program wrote it.
    """
    try:
        metadata = ObjectMeta.model_validate(_without(raw.get("metadata", {}), "managedFields"))
        status = RenderJobStatus.model_validate(raw.get("status") or {})
    except ValidationError as error:
        place = f"{raw.get('metadata', {}).get('namespace')}/{raw.get('metadata', {}).get('name')}"
        raise RepositoryError(f"{place}: its status can't be read: {error}") from error
    if known is not None and (known.metadata.uid, known.metadata.generation) == (
        metadata.uid,
        metadata.generation,
    ):
        return RenderJob.model_construct(metadata=metadata, spec=known.spec, status=status)
    try:
        spec = RenderJobSpec.model_validate(raw.get("spec") or {})
    except ValidationError as error:
        job = RenderJob.model_construct(metadata=metadata, spec=_STAND_IN, status=status)
        raise InvalidJobError(job, _sentences(raw)) from error
    return RenderJob.model_construct(metadata=metadata, spec=spec, status=status)


def _sentences(raw: Mapping[str, Any]) -> str:
    """All problems of a spec in the words that `renderjob validate` has for them."""
    try:
        RenderJob.model_validate({key: raw[key] for key in ("metadata", "spec") if key in raw})
    except ValidationError as error:
        problems = [problem for _, problem in problems_of(error)]
        return "; ".join(str(problem) for problem in problems)
    return "spec can't be read"


def write_job(job: RenderJob) -> Object:
    """The resource to create: what was set, and no default, so that it stays the user's own manifest."""
    metadata = job.metadata.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    kept = ("name", "generateName", "namespace", "labels", "annotations")
    return {
        "apiVersion": job.api_version,
        "kind": job.kind,
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": job.spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True),
    }


def _without(mapping: Mapping[str, Any], name: str) -> Object:
    return {key: value for key, value in mapping.items() if key != name}
