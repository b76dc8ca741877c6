"""`renderjob submit`: a manifest goes to a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from renderjob.cli.where import Where, located


@located(to_cluster=True)
def submit(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE...", help="Manifests; - is stdin.")
    ] = None,
    *,
    where: Where,
    filename: Annotated[
        list[str] | None,
        typer.Option("--filename", "-f", metavar="FILE", help="The same, as kubectl has it."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another name, or which one of a file with several.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Have the API server check everything, and keep nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until the jobs are at their end, and exit with their code.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="The same, with the live view.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --watch: one JSON object a line on stdout.")
    ] = False,
) -> None:
    """Bring manifests to a cluster: a job is made, or edited.

    As kubectl apply does it: what the manifest does not name stays as it is. `run` is for this machine.
    """
    from renderjob.cli.jobs.submitting import SubmitOptions, submit_all
    from renderjob.cli.manifests import load, only, renamed

    targets = [*(files or ()), *(filename or ())]
    if not where.cluster:
        raise typer.BadParameter(
            "submit is for a cluster; on this machine: renderjob run FILE", param_hint="--local"
        )
    if not targets:
        raise typer.BadParameter("at least one manifest is needed", param_hint="FILE")
    manifests = [loaded for target in targets for loaded in load(target)]
    if name is not None:
        manifests = [renamed(only(manifests, ", ".join(targets), name), name)]
    if watch and len(manifests) > 1:
        raise typer.BadParameter(
            f"shows one job, and there are {len(manifests)}: use --wait", param_hint="--watch"
        )
    raise typer.Exit(submit_all(manifests, where, SubmitOptions(dry_run, wait, watch, as_json)))
