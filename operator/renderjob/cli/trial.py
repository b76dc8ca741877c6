"""A trial: whether the API server would take the Jobs of a RenderJob, before the operator asks for the first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from renderjob.api import RenderJob, RenderJobStatus, frames_of
from renderjob.core import Attempt, Kind, Observed, Start, decide
from renderjob.executors.kubernetes.manifests import job_manifest
from renderjob.kube import ApiError, KubeApi

from .cluster_errors import cli_error
from .errors import CliError
from .exit_codes import ExitCode
from .planning import unbounded

_IMAGE = "renderjob"
"""Stands for the operator's own, which nobody pulls in a trial."""


async def try_jobs(api: KubeApi, job: RenderJob) -> str:
    """Ask for the Job of a chunk, and of the merge, with nothing kept. Returns why that was not possible, or "".

    Raises:
        CliError: the API server would refuse one, in its words.
    """
    path = f"/apis/batch/v1/namespaces/{job.metadata.namespace}/jobs"
    for attempt in _attempts(job):
        what = f"{job.key}: the Job of {'the merge' if attempt.kind is Kind.MERGE else 'a chunk'}"
        try:
            manifest = job_manifest(job, attempt, _IMAGE)
        except ValueError as error:
            raise CliError(f"{what}: {error}", ExitCode.INVALID) from error
        # Its owner may not be there yet, and a Job of its name may be.
        del manifest["metadata"]["ownerReferences"], manifest["metadata"]["name"]
        manifest["metadata"]["generateName"] = f"{job.metadata.name[:40]}-"
        try:
            await api.create(path, manifest, dryRun="All")
        except ApiError as error:
            if error.status == 403:
                return error.message
            raise cli_error(error, what) from error
    return ""


def _attempts(job: RenderJob) -> Iterator[Attempt]:
    """The first at a chunk, and one at the merge."""
    observed = Observed(uid=job.metadata.uid, looks=True)
    decision = decide(unbounded(job.spec), RenderJobStatus(), observed, datetime.now(UTC))
    renders = [a.attempt for a in decision.actions if isinstance(a, Start) and a.attempt.kind is Kind.RENDER]
    yield from renders[:1]
    if job.spec.merge is not None:
        yield Attempt(len(renders) + 1, Kind.MERGE, frames_of(job.spec.frames), 0, len(renders), 1)
