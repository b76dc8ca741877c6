"""`renderjob top`: all jobs, how fast they render and where."""

from __future__ import annotations

import typer

from renderjob.cli.where import Where, located


@located(many=True)
def top(*, where: Where) -> None:
    """Watch all jobs, and in a cluster the nodes that render.

    Progress, frames a second, what fails. Until Ctrl-C; where there is no terminal, once.
    """
    from renderjob.cli.jobs.watching import show_top

    raise typer.Exit(show_top(where))
