"""`renderjob suspend`: stop a job for a while, free of charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from renderjob.cli.options import NameArgument, TimeoutOption, WaitOption
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


@located()
def suspend(
    name: NameArgument,
    *,
    where: Where,
    wait: WaitOption = True,
    timeout: TimeoutOption = 60,
) -> None:
    """Stop what runs and start nothing; no retry is spent. `resume` goes on."""
    from renderjob.api import State
    from renderjob.cli.jobs.verbs import Patience, Verb, stop
    from renderjob.manager import JobManager

    verb = Verb("suspend", JobManager.suspend, _needless, frozenset({State.SUSPENDED}))
    raise typer.Exit(stop(verb, name, where, Patience(wait, timeout)))


def _needless(job: RenderJob) -> str:
    state = job.status.state
    if state.terminal:
        return f"is {state.value}: nothing to suspend"
    return "is suspended already" if job.spec.suspend and state.value == "Suspended" else ""
