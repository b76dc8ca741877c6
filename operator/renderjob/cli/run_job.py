"""Run a job here: from a manifest's file, or again from what the store remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.executors.local.mounts import Mounts, directory_of

from .applying import apply, going_on, placed
from .errors import CliError
from .exit_codes import ExitCode
from .following import Following, unwatched
from .live.choose import reporter_for
from .local_backend import LocalBackend, local_backend
from .notes import notes
from .ownership import owner, running
from .session import Session
from .text import count
from .where import Where

_SHOWN_EDITS = 8


@dataclass(frozen=True)
class RunOptions:
    """How a run was asked for."""

    where: Where
    mounts: Mapping[str, str] | None = None
    """None: those of the run before."""
    as_json: bool = False
    fresh: bool = False


def run_manifest(job: RenderJob, target: str, options: RunOptions) -> ExitCode:
    """Bring a manifest to the store and run it. Returns what to exit with."""
    return asyncio.run(_run_manifest(job, target, options))


def run_stored(reference: str, options: RunOptions, parallelism: int | None = None) -> ExitCode:
    """Go on with a job of the store, from the manifest that is remembered.

    Raises:
        CliError: there is no such job, or another process runs it.
    """
    return asyncio.run(_run_stored(reference, options, parallelism))


async def _run_manifest(manifest: RenderJob, target: str, options: RunOptions) -> ExitCode:
    async with local_backend(options.where, create=True) as backend:
        store, repository, words = backend.store, backend.repository, []
        again = backend.place.command("run", "FILE" if target == "-" else target)
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
                applied = await apply(repository, manifest, options.mounts, Path.cwd())
                return await _go(backend, applied.job, again, _edited(applied.words), options)
        applied = await apply(repository, manifest, options.mounts, Path.cwd())
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
            if options.mounts is not None:
                directory = Path.cwd()
                job = await backend.repository.save(placed(job, options.mounts, directory))
            return await _go(backend, job, backend.place.command("run", name), words, options)


async def _go(
    backend: LocalBackend, job: RenderJob, again: str, words: list[str], options: RunOptions
) -> ExitCode:
    reporter = reporter_for(as_json=options.as_json)
    session = Session(backend.store, backend.repository, job, reporter, place=backend.place, again=again)
    summary = await session.run([*notes(job), *words])
    return summary.exit_code


async def _follow(backend: LocalBackend, job: RenderJob, words: list[str], options: RunOptions) -> ExitCode:
    """Show a job that another process runs, which takes up what was edited."""
    pid = owner(backend.store, job.metadata.uid)
    words = [*words, f"{f'process {pid}' if pid else 'another process'} runs it, and takes this up"]
    following = Following(backend, job, reporter_for(as_json=options.as_json), words)
    try:
        return (await following.run()).exit_code
    except asyncio.CancelledError:
        # Ctrl-C ends the look alone: the job is another's.
        return unwatched(job.metadata.name)


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
