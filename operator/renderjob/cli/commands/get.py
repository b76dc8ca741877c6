"""`renderjob get`: one job in detail, or all of them in a table."""

from __future__ import annotations

from typing import Annotated

import typer

from renderjob.cli.options import NamespaceOption, Output, StoreOption, store_of


def get(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A job's name, namespace/name, or id (6 characters suffice)."),
    ] = None,
    *,
    namespace: NamespaceOption = None,
    store: StoreOption = None,
    output: Annotated[Output | None, typer.Option("--output", "-o", help="How to print.")] = None,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Show the namespace of each.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Until the job is at its end.")] = False,
) -> None:
    """Show a job, or all jobs.

    On a terminal a named job is shown in detail. With -w the exit code is that of the job.
    """
    from renderjob.cli.getting import Query, show

    query = Query(
        store=store_of(store),
        reference=name,
        namespace=namespace,
        output=output,
        namespaces=all_namespaces,
        watch=watch,
    )
    raise typer.Exit(show(query))
