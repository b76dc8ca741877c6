"""A manifest comes to the store, as `kubectl apply` brings one to a cluster; and what an edit changes, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renderjob.api import RenderJob, RenderJobSpec, State
from renderjob.executors.local import Given, Mounts
from renderjob.manager import ConflictError, JobRepository

from .provisions import check_provisions, make_sources

VERBS = ("cancel", "suspend", "retry", "rerender")
"""Fields of the spec that are verbs, not descriptions: their change is told in words of its own."""

_LONG = 40


def edits(before: RenderJob, after: RenderJob) -> list[str]:
    """One line for each field of the spec and each label that differs."""
    lines = list(_differences("spec", _plain(before.spec), _plain(after.spec)))
    lines += _differences("metadata.labels", before.metadata.labels, after.metadata.labels)
    return lines


def verbs(before: RenderJob, after: RenderJob) -> list[str]:
    """The same for the fields that are verbs."""
    old, new = before.spec.to_wire(), after.spec.to_wire()
    return [line for name in VERBS for line in _differences(f"spec.{name}", old.get(name), new.get(name))]


def _plain(spec: RenderJobSpec) -> dict[str, Any]:
    return {name: value for name, value in spec.to_wire().items() if name not in VERBS}


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _differences(f"{path}.{name}", before.get(name), after.get(name))
        return
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}[{index}]", old, new)
        return
    yield f"{path}: {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


_ATTEMPTS = 10


@dataclass(frozen=True)
class Applied:
    """A job as it is in the store now, and what was done to it, in words."""

    job: RenderJob
    created: bool
    words: list[str] = field(default_factory=list)


def placed(
    job: RenderJob, mounts: Mapping[str, str], directory: Path, given: Given | None = None
) -> RenderJob:
    """`job` with notes on where its paths lie on this machine, and on what its environment is given."""
    notes = Mounts(mounts).annotations(directory)
    if given is not None:
        notes |= given.annotations()
    annotations = {**job.metadata.annotations, **notes}
    return job.model_copy(update={"metadata": job.metadata.model_copy(update={"annotations": annotations})})


async def apply(
    repository: JobRepository,
    manifest: RenderJob,
    mounts: Mapping[str, str] | None,
    directory: Path,
    given: Given | None = None,
) -> Applied:
    """Bring a manifest to the store; `mounts` None keeps those of the run before, and so does `given`.

    A job that had been cancelled or suspended goes on when the manifest does not say otherwise, and one that
    failed is tried again.

    Raises:
        ConflictError: somebody else writes the job all the time.
    """
    for _ in range(_ATTEMPTS):
        stored = await repository.find(manifest.metadata.namespace, manifest.metadata.name)
        if stored is None:
            new = placed(manifest, mounts or {}, directory, given)
            check(new)
            return Applied(await repository.create(new), created=True)
        table = Mounts.of(stored).table if mounts is None else mounts
        spec, words = _spec_for(stored, manifest.spec)
        wanted = placed(manifest, table, directory, given or Given.of(stored))
        check(wanted)
        meta = stored.metadata.model_copy(
            update={"labels": wanted.metadata.labels, "annotations": wanted.metadata.annotations}
        )
        edited = stored.model_copy(update={"metadata": meta, "spec": spec})
        if edited == stored:
            return Applied(stored, created=False)
        try:
            saved = await repository.save(edited)
        except ConflictError:
            continue
        return Applied(saved, created=False, words=[*edits(stored, edited), *words])
    raise ConflictError(f"{manifest.key} is being written all the time; try again")


def check(job: RenderJob) -> list[str]:
    """Whether a job that is placed here has what it needs; makes the directory of its output. Returns notes.

    Raises:
        CliError: it has not, in words.
    """
    make_sources(job, Mounts.of(job).table)
    return check_provisions(job)


def going_on(stored: RenderJob) -> tuple[RenderJobSpec, list[str]]:
    """The spec with which a stored job goes on here, and why it differs from what is stored."""
    return _spec_for(stored, stored.spec.model_copy(update={"cancel": False, "suspend": False}))


def _spec_for(stored: RenderJob, asked: RenderJobSpec) -> tuple[RenderJobSpec, list[str]]:
    words = []
    before, after = stored.spec.preview, asked.preview
    if (
        before is not None
        and before.approved
        and after is not None
        and "approved" not in after.model_fields_set
    ):
        # Said by `approve`, not by the manifest, which does not take it back by not naming it.
        asked = asked.model_copy(update={"preview": after.model_copy(update={"approved": True})})
    retry = max(asked.retry, stored.spec.retry)
    if asked.rerender is None and stored.spec.rerender is not None:
        # Said by `rerender`, likewise.
        asked = asked.model_copy(update={"rerender": stored.spec.rerender})
    if stored.spec.cancel and not asked.cancel:
        words.append("it was cancelled: goes on with what is missing")
    elif stored.spec.suspend and not asked.suspend:
        words.append("it was suspended: goes on with what is missing")
    failed = stored.status.state is State.FAILED and stored.spec.retry <= stored.status.observed_retry
    if failed and asked.retry <= stored.spec.retry and not (asked.cancel or asked.suspend):
        retry += 1
        words.append(f"it had failed: runs again what failed (spec.retry {stored.spec.retry} → {retry})")
    return asked.model_copy(update={"retry": retry}), words
