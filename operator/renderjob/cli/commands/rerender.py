"""`renderjob rerender`: render frames once more that are rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from renderjob.cli.options import NameArgument, RunOption, TimeoutOption, WaitOption
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


@located()
def rerender(
    name: NameArgument,
    *,
    frames: Annotated[
        str, typer.Option("--frames", metavar="FRAMES", help="Which: 77, or 1-10,20 as in spec.frames.")
    ],
    where: Where,
    run: RunOption = False,
    wait: WaitOption = True,
    timeout: TimeoutOption = 60,
) -> None:
    """Render frames once more although they are there, and merge again; all others stay.

    Sets spec.rerender, in any state of the job.
    """
    from renderjob.api import State, frames_of
    from renderjob.cli.jobs.verbs import Patience, Verb, go_on

    try:
        wanted = frames_of(frames)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--frames") from None

    def needless(job: RenderJob) -> str:
        asked = frames_of(job.spec.frames)
        if not wanted <= asked:
            raise typer.BadParameter(
                f"{wanted - asked} is not among the frames of {job.metadata.name}, which are {job.spec.frames}",
                param_hint="--frames",
            )
        return ""

    under_way = frozenset({State.PENDING, State.RUNNING, State.MERGING, State.COMPLETED})
    verb = Verb("rerender", lambda manager, uid: manager.rerender(uid, frames), needless, under_way)
    raise typer.Exit(go_on(verb, name, where, Patience(wait, timeout), run=run))
