"""`renderjob retry`: run again what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from renderjob.cli.options import NameArgument, RunOption, TimeoutOption, WaitOption
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


@located()
def retry(
    name: NameArgument,
    *,
    where: Where,
    run: RunOption = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = 60,
) -> None:
    """Run again what failed, in any state; what is rendered stays."""
    from renderjob.api import State
    from renderjob.cli.jobs.verbs import Patience, Verb, go_on
    from renderjob.manager import JobManager

    under_way = frozenset({State.PENDING, State.RUNNING, State.MERGING, State.COMPLETED})
    verb = Verb("retry", JobManager.retry, _needless, under_way)
    raise typer.Exit(go_on(verb, name, where, Patience(wait, timeout), run=run))


def _needless(job: RenderJob) -> str:
    status = job.status
    complete = status.state.value == "Completed" and not status.result.missing_frames
    return "is Completed: nothing failed" if complete else ""
