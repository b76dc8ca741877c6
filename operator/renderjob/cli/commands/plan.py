"""`renderjob plan`: what a run would do, without doing any of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from renderjob.cli.options import MountOption, NamespaceOption


class PlanOutput(StrEnum):
    """How a plan is printed."""

    TABLE = "table"
    JSON = "json"


def plan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A manifest; - is stdin.")],
    *,
    mount: MountOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chunks and commands.")] = False,
    output: Annotated[PlanOutput, typer.Option("--output", "-o", help="How to print.")] = PlanOutput.TABLE,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another name, or which one of a file with several.")
    ] = None,
    namespace: NamespaceOption = None,
) -> None:
    """Show what `run` would do: frames, chunks, commands and files. Nothing is started or written."""
    from renderjob.cli.manifests import load_one
    from renderjob.cli.mount_options import read_mounts
    from renderjob.cli.plan_view import as_json, as_text
    from renderjob.cli.planning import plan_of

    job = load_one(file, name, namespace)
    made = plan_of(job, read_mounts(mount, create=False), Path.cwd())
    text = as_json if output is PlanOutput.JSON else as_text
    print(text(made, everything=everything))
