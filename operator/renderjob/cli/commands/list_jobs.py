"""`renderjob list`: all jobs in a table."""

from __future__ import annotations

from typing import Annotated

import typer

from renderjob.cli.options import Output, StateOption
from renderjob.cli.where import Where, located


@located(many=True)
def list_jobs(
    *,
    where: Where,
    state: StateOption = None,
    output: Annotated[Output | None, typer.Option("--output", "-o", help="How to print.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Until all are at their end.")] = False,
) -> None:
    """List jobs."""
    from renderjob.cli.jobs.getting import Query, show
    from renderjob.cli.options import state_named

    states = tuple(state_named(word) for word in state or ())
    raise typer.Exit(show(Query(where, states=states, output=output, watch=watch)))
