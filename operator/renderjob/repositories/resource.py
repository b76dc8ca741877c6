"""A RenderJob between its JSON on an API server and its model. Reading is total.

Whatever the API server has taken becomes a job, or a refusal of that one job: no exception of another kind, no
depth, no number and no size gets past `read_job`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from renderjob.api import ObjectMeta, RenderJob, RenderJobSpec
from renderjob.manager import DamagedStatusError, InvalidJobError, RepositoryError
from renderjob.manifest import problems_of

from .salvage import salvage, shown

Object = dict[str, Any]

_STAND_IN = RenderJobSpec.model_validate(
    {"frames": "1", "template": {"spec": {"containers": [{"name": "render"}]}}}
)
"""For a spec that can't be read; nothing is ever decided on it."""

_IDENTITY: Final = {
    "name": "name",
    "namespace": "namespace",
    "uid": "uid",
    "generation": "generation",
    "resourceVersion": "resource_version",
}


def is_read(job: RenderJob) -> bool:
    """Whether the job's spec is its own, and no stand-in for one that can't be read."""
    return job.spec is not _STAND_IN


def read_job(raw: Mapping[str, Any], known: RenderJob | InvalidJobError | None = None) -> RenderJob:
    """The model of a resource.

    Args:
        raw: the resource, as the API server has it.
        known: an earlier reading, or refusal, of it, which serves again while its generation is the same: a
            spec is large, and what was worked out from it is remembered with it.

    Raises:
        InvalidJobError: the metadata or the spec can't be read.
        DamagedStatusError: the status can't: another program wrote it, or another version of this one.
        RepositoryError: it has no identity.
    """
    metadata, trouble = _metadata(raw)
    status, damage = salvage(raw.get("status"))
    before = known.job if isinstance(known, InvalidJobError) else known
    if before is not None and _same_spec(before.metadata, metadata):
        spec, trouble = before.spec, known.problem if isinstance(known, InvalidJobError) else trouble
    elif trouble:
        spec = _STAND_IN
    else:
        spec, trouble = _spec(raw)
    job = RenderJob.model_construct(metadata=metadata, spec=spec, status=status)
    if damage:
        raise DamagedStatusError(job, shown(damage))
    if trouble:
        raise InvalidJobError(job, trouble)
    return job


def read_or_refuse(raw: Mapping[str, Any]) -> RenderJob | InvalidJobError:
    """The model of a resource, or why it can't be read. Pure computing, which may take long."""
    try:
        return read_job(raw)
    except InvalidJobError as error:
        # Without what it came from, which would be kept as long as it is.
        return InvalidJobError(error.job, error.problem)


def refuse(raw: Mapping[str, Any], problem: str) -> InvalidJobError:
    """A refusal of a resource whose spec nobody reads."""
    metadata, _ = _metadata(raw)
    status, _ = salvage(raw.get("status"))
    job = RenderJob.model_construct(metadata=metadata, spec=_STAND_IN, status=status)
    return InvalidJobError(job, problem)


def _same_spec(one: ObjectMeta, other: ObjectMeta) -> bool:
    return (one.uid, one.generation) == (other.uid, other.generation)


def _metadata(raw: Mapping[str, Any]) -> tuple[ObjectMeta, str]:
    meta = raw.get("metadata")
    if not isinstance(meta, Mapping) or not all(isinstance(meta.get(key), str) for key in ("uid", "name")):
        raise RepositoryError("a RenderJob without a name and a uid can't be read")
    try:
        return ObjectMeta.model_validate(_without(meta, "managedFields")), ""
    except Exception as error:
        told = {ours: meta[theirs] for theirs, ours in _IDENTITY.items() if theirs in meta}
        return ObjectMeta.model_construct(**told), shown([f"metadata can't be read: {_words(error)}"])


def _spec(raw: Mapping[str, Any]) -> tuple[RenderJobSpec, str]:
    spec = raw.get("spec") or {}
    try:
        return RenderJobSpec.model_validate(spec), ""
    except ValidationError:
        return _STAND_IN, _sentences(raw)
    except Exception as error:
        # An exception that no model turns into a sentence: it is this object's trouble all the same.
        return _STAND_IN, shown([f"{_culprit(spec)} can't be read: {_words(error)}"])


def _sentences(raw: Mapping[str, Any]) -> str:
    """The problems of a spec in the words that `renderjob validate` has for them."""
    try:
        RenderJob.model_validate({key: raw[key] for key in ("metadata", "spec") if key in raw})
    except ValidationError as error:
        try:
            return shown([str(problem) for _, problem in problems_of(error)])
        except Exception:
            return shown([f"spec can't be read: {_words(error)}"])
    except Exception as error:
        return shown([f"spec can't be read: {_words(error)}"])
    return "spec can't be read"


def _culprit(spec: object) -> str:
    """The field of a spec that can't be read."""
    if isinstance(spec, Mapping):
        for name, field in RenderJobSpec.model_fields.items():
            alias = field.alias or name
            if alias not in spec:
                continue
            try:
                TypeAdapter(Any if field.annotation is None else field.annotation).validate_python(
                    spec[alias]
                )
            except ValidationError:
                continue
            except Exception:
                return f"spec.{alias}"
    return "spec"


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


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
