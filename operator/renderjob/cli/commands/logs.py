"""`renderjob logs`: what an attempt printed."""

from __future__ import annotations

from typing import Annotated

import typer

from renderjob.cli.options import NameArgument
from renderjob.cli.where import Where, located


@located()
def logs(
    name: NameArgument,
    *,
    where: Where,
    chunk: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Of the chunk with this number, as `plan` shows it."),
    ] = None,
    frame: Annotated[
        int | None, typer.Option(metavar="N", help="Of the chunk with this frame in it.")
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Of the merge.")] = False,
    attempt: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of this attempt, from 1; else of the newest.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on printing while the attempt runs.")
    ] = False,
    tail: Annotated[int | None, typer.Option(metavar="N", min=0, help="Only the last N lines.")] = None,
) -> None:
    """Print the log of an attempt at a chunk, or at the merge.

    Without options: of the newest failure when the job failed, else of the newest attempt.
    """
    from renderjob.cli.jobs.watching import show_log
    from renderjob.cli.logs.choice import LogChoice

    if merge and (chunk is not None or frame is not None):
        raise typer.BadParameter("the merge has no chunk or frame of its own", param_hint="--merge")
    choice = LogChoice(chunk, frame, merge, attempt)
    raise typer.Exit(show_log(name, where, choice, follow=follow, tail=tail))
