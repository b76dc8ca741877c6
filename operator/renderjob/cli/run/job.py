"""Run a job here: from a manifest's file, or again from what the store remembers."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.cli.backends.following import Following, unwatched
from renderjob.cli.backends.local import LocalBackend, local_backend
from renderjob.cli.backends.ownership import owner, running
from renderjob.cli.backends.session import JobRun, Session
from renderjob.cli.errors import CliError, ExitCode, worst
from renderjob.cli.live.choose import reporter_for, reporters_for
from renderjob.cli.live.detachable import DetachableReporter
from renderjob.cli.text import count, say
from renderjob.cli.where import Where
from renderjob.executors.local import Given, Mounts, directory_of

from .applying import apply, check, going_on, placed
from .dependencies import awaited_words, in_groups, refuse_unknown, together_words
from .provisions import given_words, mount_words, notes, shared_words

_SHOWN_EDITS = 8


@dataclass(frozen=True)
class RunOptions:
    """How a run was asked for."""

    where: Where
    mounts: Mapping[str, str] | None = None
    """None: those of the run before."""
    given: Given | None = None
    """Variables; None: as for the run before."""
    directory: Path | None = None
    """Where relative paths start; None: here, or for a stored job where they did before."""
    command: tuple[str, ...] = ()
    """The words after `renderjob` that run the manifest again; empty where it came from standard input."""
    as_json: bool = False
    fresh: bool = False


def run_manifests(jobs: Sequence[RenderJob], options: RunOptions, *, named: bool) -> ExitCode:
    """Run the jobs of a file: those that depend on each other together, frame by frame; others one after the other.

    A laptop has one machine: jobs that have nothing to do with each other would only make each other slower. What
    follows one that does not complete is left as it is.

    Args:
        jobs: of one file, at least one.
        options: for all of them.
        named: whether `--name` chose, or gave, the name.

    Returns:
        What to exit with: that of the first group that does not complete.

    Raises:
        CliError: jobs depend on each other in a circle, or on one that is not there; nothing was started.
    """
    groups = in_groups(jobs)
    asyncio.run(refuse_unknown(jobs, options.where))
    for number, group in enumerate(groups):
        code = asyncio.run(_run_group(group, options, named=named or len(jobs) > 1))
        if code is not ExitCode.OK:
            rest = ", ".join(job.metadata.name for later in groups[number + 1 :] for job in later)
            if rest:
                before = " and ".join(job.metadata.name for job in group)
                say(f"not run, since {before} did not complete: {rest}", file=sys.stderr)
            return code
    return ExitCode.OK


def run_stored(reference: str, options: RunOptions, parallelism: int | None = None) -> ExitCode:
    """Go on with a job of the store, from the manifest that is remembered.

    Raises:
        CliError: there is no such job, or another process runs it.
    """
    return asyncio.run(_run_stored(reference, options, parallelism))


async def _run_group(group: Sequence[RenderJob], options: RunOptions, *, named: bool) -> ExitCode:
    if len(group) > 1:
        return await _run_together(group, options)
    words = options.command
    if words and named:
        words = (*words, "--name", group[0].metadata.name)
    return await _run_manifest(group[0], replace(options, command=words))


async def _run_together(manifests: Sequence[RenderJob], options: RunOptions) -> ExitCode:
    """Run jobs that depend on each other, each frame as soon as those are there that it needs."""
    async with local_backend(options.where, create=True) as backend:
        store, repository = backend.store, backend.repository
        found = [await repository.find(job.metadata.namespace, job.metadata.name) for job in manifests]
        if all(job is not None and backend.attended(job) for job in found):
            return await _follow_together(manifests, backend, options)
        directory = options.directory or Path.cwd()
        for manifest, stored in zip(manifests, found, strict=True):
            table = Mounts.of(stored).table if options.mounts is None and stored else options.mounts or {}
            check(placed(manifest, table, directory, options.given or (Given.of(stored) if stored else None)))
        reporters = reporters_for([job.metadata.name for job in manifests], as_json=options.as_json)
        runs: list[JobRun] = []
        with ExitStack() as locks:
            # All of them, before anything is written: who can't have all leaves all as they are.
            for stored in filter(None, found):
                if options.fresh:
                    locks.callback(shutil.rmtree, store.job(stored.metadata.uid), ignore_errors=True)
                locks.enter_context(running(store, stored.metadata.uid, stored.metadata.name))
            for manifest, stored, reporter in zip(manifests, found, reporters, strict=True):
                words = []
                if options.fresh and stored is not None:
                    await backend.clear(stored)
                    words.append(f"begins anew: what was remembered of {manifest.key} is removed")
                wanted = _rendering_all(manifest) if options.fresh else manifest
                applied = await apply(repository, wanted, options.mounts, directory, options.given)
                job = applied.job
                if stored is None or job.metadata.uid != stored.metadata.uid:
                    locks.enter_context(running(store, job.metadata.uid, job.metadata.name))
                again = backend.place.command("run", *(options.command or (backend.place.reference(job),)))
                notes = await _notes(backend, job, [*words, *_edited(applied.words)])
                if not runs:
                    notes.insert(0, together_words(manifests))
                runs.append(JobRun(job, DetachableReporter(reporter), again, notes))
            summaries = await Session(store, repository, runs, place=backend.place).run()
    return worst(summary.exit_code for summary in summaries)


async def _follow_together(
    manifests: Sequence[RenderJob], backend: LocalBackend, options: RunOptions
) -> ExitCode:
    """Another process runs all of them: it takes up what was edited, and they are shown here."""
    reporters = reporters_for([job.metadata.name for job in manifests], as_json=options.as_json)
    followed = []
    for manifest, reporter in zip(manifests, reporters, strict=True):
        stored = await backend.find(manifest.key)
        _refuse_to_move(stored, options.mounts, owner(backend.store, stored.metadata.uid))
        applied = await apply(backend.repository, manifest, None, directory_of(stored))
        words = _taken_up(backend, applied.job, _edited(applied.words))
        followed.append(Following(backend, applied.job, reporter, words))
    try:
        summaries = await asyncio.gather(*(following.run() for following in followed))
    except asyncio.CancelledError:
        return unwatched(" and ".join(job.metadata.name for job in manifests))
    return worst(summary.exit_code for summary in summaries)


async def _run_manifest(manifest: RenderJob, options: RunOptions) -> ExitCode:
    async with local_backend(options.where, create=True) as backend:
        store, repository, words = backend.store, backend.repository, []
        directory = options.directory or Path.cwd()
        again = backend.place.command("run", *(options.command or (backend.place.reference(manifest),)))
        stored = await repository.find(manifest.metadata.namespace, manifest.metadata.name)
        if stored is not None and options.fresh:
            await backend.forget(stored)
            words.append(f"begins anew: what was remembered of {manifest.key} is removed")
        if options.fresh:
            manifest = _rendering_all(manifest)
        if stored is not None and not options.fresh:
            if backend.attended(stored):
                _refuse_to_move(stored, options.mounts, owner(store, stored.metadata.uid))
                applied = await apply(repository, manifest, None, directory_of(stored))
                if applied.words and backend.attended(stored):
                    return await _follow(backend, applied.job, _edited(applied.words), options)
            # Nobody else may run it while it is edited here: the edit would be theirs, and this run refused.
            with running(store, stored.metadata.uid, stored.metadata.name):
                applied = await apply(repository, manifest, options.mounts, directory, options.given)
                return await _go(backend, applied.job, again, _edited(applied.words), options)
        applied = await apply(repository, manifest, options.mounts, directory, options.given)
        with running(store, applied.job.metadata.uid, applied.job.metadata.name):
            return await _go(backend, applied.job, again, words, options)


async def _run_stored(reference: str, options: RunOptions, parallelism: int | None) -> ExitCode:
    async with local_backend(options.where) as backend:
        job = await backend.find(reference)
        uid, name = job.metadata.uid, job.metadata.name
        if parallelism not in (None, job.spec.parallelism) and backend.attended(job):
            _refuse_to_move(job, options.mounts, owner(backend.store, uid))
            was = job.spec.parallelism
            job = await backend.manager.edit(
                uid, lambda spec: spec.model_copy(update={"parallelism": parallelism})
            )
            words = _edited([f"spec.parallelism: {was} → {parallelism}"])
            return await _follow(backend, job, words, options)
        with running(backend.store, uid, name):
            if options.fresh:
                raise CliError(
                    f"--fresh needs the manifest's file, not the name {name}: renderjob run FILE --fresh",
                    ExitCode.USAGE,
                )
            spec, words = going_on(job)
            if parallelism is not None:
                spec = spec.model_copy(update={"parallelism": parallelism})
            if spec != job.spec:
                job = await backend.manager.edit(uid, lambda _: spec)
            table = options.mounts if options.mounts is not None else Mounts.of(job).table
            directory = options.directory or (Path.cwd() if options.mounts is not None else directory_of(job))
            moved = placed(job, table, directory, options.given)
            check(moved)
            if moved.metadata != job.metadata:
                job = await backend.repository.save(moved)
            again = backend.place.command("run", backend.place.reference(job))
            return await _go(backend, job, again, words, options)


async def _go(
    backend: LocalBackend, job: RenderJob, again: str, words: list[str], options: RunOptions
) -> ExitCode:
    reporter = DetachableReporter(reporter_for(as_json=options.as_json))
    run = JobRun(job, reporter, again, await _notes(backend, job, words))
    summaries = await Session(backend.store, backend.repository, [run], place=backend.place).run()
    return summaries[0].exit_code


async def _notes(backend: LocalBackend, job: RenderJob, words: Sequence[str]) -> list[str]:
    shared = shared_words(job, await backend.repository.list())
    awaited = await awaited_words(job, backend)
    mounts = mount_words(job, Mounts.of(job).table)
    return [*notes(job), *mounts, *given_words(job), *shared, *awaited, *words]


async def _follow(backend: LocalBackend, job: RenderJob, words: list[str], options: RunOptions) -> ExitCode:
    """Show a job that another process runs, which takes up what was edited."""
    words = _taken_up(backend, job, words)
    following = Following(backend, job, reporter_for(as_json=options.as_json), words)
    try:
        return (await following.run()).exit_code
    except asyncio.CancelledError:
        # Ctrl-C ends the look alone: the job is another's.
        return unwatched(job.metadata.name)


def _taken_up(backend: LocalBackend, job: RenderJob, words: Sequence[str]) -> list[str]:
    pid = owner(backend.store, job.metadata.uid)
    return [*words, f"{f'process {pid}' if pid else 'another process'} runs it, and takes this up"]


def _refuse_to_move(job: RenderJob, mounts: Mapping[str, str] | None, pid: int | None) -> None:
    """What a running job has rendered lies where its run was told, and the rest of it belongs there, too."""
    before = dict(Mounts.of(job).table)
    if mounts is None or dict(mounts) == before:
        return
    name = job.metadata.name
    told = " ".join(f"--mount {path}={place}" for path, place in before.items()) or "no --mount"
    raise CliError(
        f"{name} is already running{f' in process {pid}' if pid else ''}, with {told}: "
        f"leave --mount out, or first end it with: renderjob cancel {name}",
        ExitCode.CONFLICT,
    )


def _rendering_all(job: RenderJob) -> RenderJob:
    """The job without output.adopt, which would take over what lies there."""
    output = job.spec.output
    if output is None or not output.adopt:
        return job
    spec = job.spec.model_copy(update={"output": output.model_copy(update={"adopt": False})})
    return job.model_copy(update={"spec": spec})


def _edited(words: list[str]) -> list[str]:
    lines = [w if w.startswith("it ") else f"edited: {w}" for w in words]
    if len(lines) <= _SHOWN_EDITS:
        return lines
    return [*lines[:_SHOWN_EDITS], f"and {count(len(lines) - _SHOWN_EDITS, 'more edit')}"]
