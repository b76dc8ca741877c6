"""`renderjob resume`: go on with a job that was suspended or cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from renderjob.cli.options import NameArgument, RunOption, TimeoutOption, WaitOption
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


@located()
def resume(
    name: NameArgument,
    *,
    where: Where,
    run: RunOption = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = 60,
) -> None:
    """Go on with what is missing, after a suspend or a cancel."""
    from renderjob.api import State
    from renderjob.cli.jobs.verbs import Patience, Verb, go_on
    from renderjob.manager import JobManager

    under_way = frozenset({State.PENDING, State.RUNNING, State.MERGING, State.COMPLETED})
    verb = Verb("resume", JobManager.resume, _needless, under_way)
    raise typer.Exit(go_on(verb, name, where, Patience(wait, timeout), run=run))


def _needless(job: RenderJob) -> str:
    match job.status.state.value:
        case "Completed":
            return "is Completed: nothing is missing"
        case "Failed":
            return f"has failed: run again what failed with: renderjob retry {job.metadata.name}"
        case _:
            return ""
