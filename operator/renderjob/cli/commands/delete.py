"""`renderjob delete`: stop jobs and forget them; what is rendered stays."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from renderjob.cli.options import StateOption, TimeoutOption, complete_name
from renderjob.cli.where import Where, located


@located()
def delete(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...", help="Names, namespace/name, or ids of jobs.", autocompletion=complete_name
        ),
    ] = None,
    *,
    where: Where,
    state: StateOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    timeout: TimeoutOption = 60,
) -> None:
    """Stop jobs and remove them with their logs; what is rendered stays.

    By name, or all in a state: renderjob delete --state Completed.
    """
    from renderjob.cli.errors import CliError, ExitCode
    from renderjob.cli.jobs.verbs import delete_jobs
    from renderjob.cli.options import state_named
    from renderjob.cli.text import count

    if not names and not state:
        raise typer.BadParameter("name at least one job, or give --state", param_hint="NAME")
    states = tuple(state_named(word) for word in state or ())

    def confirmed(keys: Sequence[str]) -> bool:
        if yes:
            return True
        what = keys[0] if len(keys) == 1 else f"{count(len(keys), 'job')} ({', '.join(keys)})"
        if not sys.stdin.isatty():
            raise CliError(f"deleting {what} needs --yes where nobody can be asked", ExitCode.USAGE)
        whose = "its" if len(keys) == 1 else "their"
        return typer.confirm(f"Delete {what} with {whose} logs? What is rendered stays.")

    raise typer.Exit(delete_jobs(names or [], states, where, confirmed, timeout))
