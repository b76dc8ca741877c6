"""`renderjob watch`: the live view of a job."""

from __future__ import annotations

from typing import Annotated

import typer

from renderjob.cli.options import NameArgument
from renderjob.cli.where import Where, located


@located()
def watch(
    name: NameArgument,
    *,
    where: Where,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> None:
    """Watch a job until it is at its end, as `run` shows one.

    The exit code is that of the job. Ctrl-C only stops watching.
    """
    from renderjob.cli.jobs.watching import watch_job

    raise typer.Exit(watch_job(name, where, as_json=as_json))
