"""`submit`: manifests go to a cluster, and are followed there if that is wanted."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from renderjob.api import RenderJob
from renderjob.kube import ApiError

from .cluster_apply import Brought, bring
from .cluster_backend import ClusterBackend, cluster_backend
from .cluster_errors import cli_error
from .edits import edits, verbs
from .errors import CliError
from .exit_codes import ExitCode, of_state
from .following import Following, stands_still, unwatched
from .live.choose import reporter_for
from .manifests import size_words
from .text import say
from .trial import try_jobs
from .where import Where

if TYPE_CHECKING:
    from renderjob.manifest import Loaded

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
