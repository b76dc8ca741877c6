"""`renderjob list`: all jobs in a table."""

from __future__ import annotations

from typing import Annotated

import typer

from renderjob.cli.options import Output
from renderjob.cli.where import Where, located

_STATES = ("Pending", "Running", "Merging", "Suspended", "Completed", "Failed", "Cancelled")


@located(many=True)
def list_jobs(
    *,
    where: Where,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help=f"Only in this state: {', '.join(_STATES)}."),
    ] = None,
    output: Annotated[Output | None, typer.Option("--output", "-o", help="How to print.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Until all are at their end.")] = False,
) -> None:
    """List jobs."""
    from renderjob.cli.getting import Query, show

    known = {name.lower(): name for name in _STATES}
    unknown = [name for name in state or () if name.lower() not in known]
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is no state; choose from {', '.join(_STATES)}", param_hint="--state"
        )
    states = tuple(known[name.lower()] for name in state or ())
    raise typer.Exit(show(Query(where, states=states, output=output, watch=watch)))
