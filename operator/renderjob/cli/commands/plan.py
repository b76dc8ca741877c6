"""`renderjob plan`: what a run would do, without doing any of it."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderjob.cli.options import MountOption
from renderjob.cli.text import say
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


class PlanOutput(StrEnum):
    """How a plan is printed."""

    TABLE = "table"
    JSON = "json"


@located()
def plan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A manifest; - is stdin.")],
    *,
    mount: MountOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All chunks and commands.")] = False,
    output: Annotated[PlanOutput, typer.Option("--output", "-o", help="How to print.")] = PlanOutput.TABLE,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another name, or which one of a file with several.")
    ] = None,
    where: Where,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="What applying it to this job would cost: frames kept, rendered again."
        ),
    ] = None,
) -> None:
    """Show what `run` would do, or with --cluster an operator: frames, chunks, commands and files.

    Nothing is started or written.
    """
    from renderjob.cli.manifests import load_one
    from renderjob.cli.options import read_mounts
    from renderjob.cli.plan.plan import plan_of
    from renderjob.cli.plan.view import as_json, as_text
    from renderjob.cli.run.provisions import shared_with_stored

    job = load_one(file, name, where.namespace)
    if against is not None:
        say(_against(job, against, where, as_document=output is PlanOutput.JSON))
        return
    directory = Path() if where.cluster else Path.cwd()
    made = plan_of(job, read_mounts(mount), directory, cluster=where.cluster)
    if not where.cluster:
        made = replace(made, shared=tuple(shared_with_stored(made.job, where)))
    text = as_json if output is PlanOutput.JSON else as_text
    say(text(made, everything=everything))


def _against(job: RenderJob, name: str, where: Where, *, as_document: bool) -> str:
    from renderjob.cli.backends import with_backend
    from renderjob.cli.plan.cost import cost_json, cost_of, cost_text

    there = with_backend(where, lambda backend: backend.find(name))
    cost = cost_of(job, there)
    return json.dumps(cost_json(cost), indent=2) if as_document else cost_text(cost, there)
