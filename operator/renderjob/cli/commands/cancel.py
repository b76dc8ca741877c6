"""`renderjob cancel`: end a job, keep what is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from renderjob.cli.options import NameArgument, TimeoutOption, WaitOption
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


@located()
def cancel(
    name: NameArgument,
    *,
    where: Where,
    wait: WaitOption = True,
    timeout: TimeoutOption = 60,
) -> None:
    """End a job; what is rendered is kept.

    In whatever process it runs. `resume` goes on with what is missing.
    """
    from renderjob.api import State
    from renderjob.cli.jobs.verbs import Patience, Verb, stop
    from renderjob.manager import JobManager

    verb = Verb("cancel", JobManager.cancel, _needless, frozenset({State.CANCELLED}))
    raise typer.Exit(stop(verb, name, where, Patience(wait, timeout)))


def _needless(job: RenderJob) -> str:
    state = job.status.state
    return f"is {state.value} already: nothing to cancel" if state.terminal else ""
