"""`renderjob run`: render here, with the programs of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from renderjob.cli.options import (
    DirectoryOption,
    EnvFileOption,
    EnvOption,
    MountOption,
    NamespaceOption,
    StoreOption,
    complete_name,
)

if TYPE_CHECKING:
    from renderjob.api import RenderJob


def run(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE|NAME",
            help="A manifest (- is stdin), or a job that was run before.",
            autocompletion=complete_name,
        ),
    ],
    *,
    mount: MountOption = None,
    env: EnvOption = None,
    env_file: EnvFileOption = None,
    directory: DirectoryOption = None,
    store: StoreOption = None,
    parallelism: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=1000, help="Chunks at a time, for spec.parallelism.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget what was rendered before and render everything.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another name for the job, or which one of a file with several."),
    ] = None,
    namespace: NamespaceOption = None,
) -> None:
    """Render a manifest on this machine.

    Run again, it renders only what is missing. Ctrl-C cancels and keeps what is rendered. While another process
    runs the job, an edited manifest, or --parallelism, is taken up by that one.

    Of a file with several jobs, those that depend on each other (spec.dependsOn) run together: a frame is rendered
    as soon as the frames are there that it needs. All of them together render as many chunks at a time as the one
    with the largest spec.parallelism would alone. Jobs that have nothing to do with each other run one after the
    other, in the order of the file; when one does not complete, those after it are not begun.
    """
    from renderjob.cli.manifests import is_file, load_some
    from renderjob.cli.options import read_given, read_mounts
    from renderjob.cli.run.job import RunOptions, run_manifests, run_stored
    from renderjob.cli.where import Where

    from_file = is_file(target)
    words = [target] if target != "-" else []
    if words and namespace is not None:
        words += ["--namespace", namespace]
    if words and directory is not None:
        words += ["--directory", str(directory)]
    options = RunOptions(
        Where(namespace=namespace, directory=store),
        mounts=read_mounts(mount) if mount else None,
        given=read_given(env, env_file),
        directory=directory,
        command=tuple(words),
        as_json=as_json,
        fresh=fresh,
    )
    if from_file:
        jobs = load_some(target, name, namespace)
        if parallelism is not None:
            jobs = [with_parallelism(job, parallelism) for job in jobs]
        raise typer.Exit(run_manifests(jobs, options, named=name is not None))
    if name is not None:
        raise typer.BadParameter("is for a manifest's file, and this is a job's name", param_hint="--name")
    raise typer.Exit(run_stored(target, options, parallelism))


def with_parallelism(job: RenderJob, parallelism: int) -> RenderJob:
    """The job with another spec.parallelism."""
    return job.model_copy(update={"spec": job.spec.model_copy(update={"parallelism": parallelism})})
