"""`renderjob approve`: the preview is good, the rest may be rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from renderjob.cli.options import NameArgument, RunOption, TimeoutOption, WaitOption
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


@located()
def approve(
    name: NameArgument,
    *,
    where: Where,
    run: RunOption = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = 60,
) -> None:
    """Render the rest, after a look at the preview.

    It may be said before the preview is rendered, too.
    """
    from renderjob.api import State
    from renderjob.cli.jobs.verbs import Patience, Verb, go_on
    from renderjob.manager import JobManager

    under_way = frozenset({State.PENDING, State.RUNNING, State.MERGING, State.COMPLETED})
    verb = Verb("approve", JobManager.approve, _needless, under_way)
    raise typer.Exit(go_on(verb, name, where, Patience(wait, timeout), run=run))


def _needless(job: RenderJob) -> str:
    from renderjob.api import Approval

    preview = job.spec.preview
    if preview is None or preview.approval is not Approval.REQUIRED:
        return "waits for no approval: its spec.preview.approval is not Required"
    return "is approved already" if preview.approved else ""
