"""`renderjob get`: one job in detail, or all of them in a table."""

from __future__ import annotations

from typing import Annotated

import typer

from renderjob.cli.options import Output, complete_name
from renderjob.cli.where import Where, located


@located(many=True)
def get(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A job's name, namespace/name, or id (6 characters suffice).",
            autocompletion=complete_name,
        ),
    ] = None,
    *,
    where: Where,
    output: Annotated[Output | None, typer.Option("--output", "-o", help="How to print.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Until the job is at its end.")] = False,
) -> None:
    """Show a job, or all jobs.

    On a terminal a named job is shown in detail. With -w the exit code is that of the job.
    """
    from renderjob.cli.jobs.getting import Query, show

    raise typer.Exit(show(Query(where, name, output=output, watch=watch)))
