"""`submit`: manifests go to a cluster, or are tried there (--dry-run), and are followed there if that is wanted."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from renderjob.api import RenderJob, RenderJobStatus, frames_of
from renderjob.cli.backends.cluster import ClusterBackend, cluster_backend
from renderjob.cli.backends.cluster_errors import cli_error
from renderjob.cli.backends.following import Following, stands_still, unwatched
from renderjob.cli.errors import CliError, ExitCode, of_state
from renderjob.cli.live.choose import reporter_for
from renderjob.cli.manifests import refuse_twins, size_words
from renderjob.cli.plan.plan import unbounded
from renderjob.cli.run.applying import edits, verbs
from renderjob.cli.text import say
from renderjob.cli.where import Where
from renderjob.core import Attempt, Kind, Observed, Start, decide
from renderjob.executors.kubernetes import job_manifest
from renderjob.kube import ApiError, KubeApi

from .cluster_apply import Brought, bring

if TYPE_CHECKING:
    from renderjob.manifest import Loaded

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


_SHOWN_EDITS = 12


@dataclass(frozen=True)
class SubmitOptions:
    """How, and what is to come after."""

    dry_run: bool = False
    wait: bool = False
    watch: bool = False
    as_json: bool = False

    @property
    def follows(self) -> bool:
        """Whether the jobs are followed to their end."""
        return (self.wait or self.watch) and not self.dry_run


def submit_all(manifests: Sequence[Loaded], where: Where, options: SubmitOptions) -> ExitCode:
    """Bring the manifests to the cluster, each in one request; a refusal of one does not hold up the others.

    Returns what to exit with: of a refusal, or of the jobs' states when they are waited for.
    """

    async def work() -> ExitCode:
        async with cluster_backend(where) as backend:
            refuse_twins(manifests, where.namespace, backend.api.namespace)
            jobs, refused = [], ExitCode.OK
            for manifest in manifests:
                try:
                    jobs.append(await _submit(backend, manifest, where, options))
                except CliError as error:
                    say(f"error: {error}", file=sys.stderr)
                    refused = error.code
            if refused or not options.follows:
                return refused
            if options.watch:
                summary = await Following(backend, jobs[0], reporter_for(as_json=options.as_json)).run()
                return summary.exit_code
            states = await asyncio.gather(*(_stands_still(backend, job) for job in jobs))
            return next((code for code in states if code), ExitCode.OK)

    try:
        return asyncio.run(work())
    except KeyboardInterrupt:
        if options.follows:
            return unwatched(", ".join(manifest.job.metadata.name for manifest in manifests))
        raise


async def _submit(
    backend: ClusterBackend, manifest: Loaded, where: Where, options: SubmitOptions
) -> RenderJob:
    meta = manifest.data["metadata"]
    namespace = where.namespace or meta.get("namespace") or backend.api.namespace
    try:
        brought = await bring(backend.api, manifest.data, namespace, dry_run=options.dry_run)
    except ApiError as error:
        raise cli_error(error, f"{namespace}/{meta['name']}") from error
    before = backend.read(brought.before) if brought.before is not None else None
    job = backend.read(brought.after)
    hints = _hints(backend, job, brought, options)
    if options.dry_run and (untried := await try_jobs(backend.api, job)):
        hints.append(f"note: its Jobs could not be tried: {untried}")
    # With --json, stdout is for the objects.
    out = sys.stderr if options.as_json else sys.stdout
    say("\n".join(_words(before, job, brought, options)), file=out, flush=True)
    for hint in hints:
        say(hint, file=sys.stderr)
    return job


def _words(before: RenderJob | None, job: RenderJob, brought: Brought, options: SubmitOptions) -> list[str]:
    checked = " (a dry run: checked by the API server, and nothing is kept)" if options.dry_run else ""
    would = "would be" if options.dry_run else "is"
    if before is None:
        return [f"{job.key} {would} created: {size_words(job)}{checked}"]
    changed = [*edits(before, job), *verbs(before, job)]
    if not brought.changed and not changed:
        return [f"{job.key} is as it was{checked}"]
    more = [f"  and {len(changed) - _SHOWN_EDITS} more"] if len(changed) > _SHOWN_EDITS else []
    return [f"{job.key} {would} edited{checked}", *(f"  {line}" for line in changed[:_SHOWN_EDITS]), *more]


def _hints(backend: ClusterBackend, job: RenderJob, brought: Brought, options: SubmitOptions) -> list[str]:
    hints = []
    if not brought.noted:
        hints.append(
            "note: the manifest is too large for the annotation that kubectl apply keeps: "
            "what is taken out of it later stays as it is"
        )
    if options.dry_run:
        return hints
    if stands_still(job) and job.status.state.value != "Completed":
        hints.append(f"it is {job.status.state.value}; it goes on with: {backend.place.go_on(job)}")
    elif not options.follows:
        hints.append(f"watch it with: {backend.place.command('watch', job.metadata.name, job=job)}")
    return hints


async def _stands_still(backend: ClusterBackend, job: RenderJob) -> ExitCode:
    async with aclosing(backend.watch(job)) as changes:
        async for jobs in changes:
            if not jobs:
                say(f"{job.key} was deleted")
                return ExitCode.CANCELLED
            if stands_still(jobs[0]):
                status = jobs[0].status
                why = f": {status.error}" if status.error else ""
                say(f"{job.key} is {status.state.value}{why}")
                return of_state(status.state.value)
    raise AssertionError("a watch does not end by itself")
