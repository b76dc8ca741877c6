"""`renderjob delete`: stop a job and forget it; what is rendered stays."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from renderjob.cli.options import NameArgument, TimeoutOption
from renderjob.cli.where import Where, located


@located()
def delete(
    name: NameArgument,
    *,
    where: Where,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    timeout: TimeoutOption = 60,
) -> None:
    """Stop a job and remove it with its logs; what is rendered stays."""
    from renderjob.cli.deleting import delete_job
    from renderjob.cli.errors import CliError
    from renderjob.cli.exit_codes import ExitCode

    def confirmed(key: str) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            raise CliError(f"deleting {key} needs --yes where nobody can be asked", ExitCode.USAGE)
        return typer.confirm(f"Delete {key} with its logs? What is rendered stays.")

    raise typer.Exit(delete_job(name, where, confirmed, timeout))
