"""What a shell offers for the word that is being typed: names of jobs, and states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from .where import Where, where_of

if TYPE_CHECKING:
    from renderjob.api import RenderJob

STATES = ("Pending", "Running", "Merging", "Suspended", "Completed", "Failed", "Cancelled")

_PATIENCE = 2.0
"""Seconds that a cluster may take to answer somebody who presses the tab key."""


def state_named(word: str) -> str:
    """A state, however it is capitalised.

    Raises:
        typer.BadParameter: there is none of this name.
    """
    for state in STATES:
        if word.lower() == state.lower():
            return state
    raise typer.BadParameter(f"{word!r} is no state; choose from {', '.join(STATES)}", param_hint="--state")


def complete_state(incomplete: str) -> list[str]:
    """The states that begin so."""
    return [state for state in sorted(STATES) if state.startswith(incomplete)]


def complete_name(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The jobs whose names begin so, each with its state; nothing when they can't be read."""
    import asyncio

    try:
        jobs = asyncio.run(_jobs(where_of(ctx)))
    except Exception:  # whoever presses a key wants no error
        return []
    except SystemExit:
        return []
    taken = _taken(ctx)
    named = [(job.metadata.name, job.status.state.value) for job in jobs]
    return sorted(
        {(name, state) for name, state in named if name.startswith(incomplete) and name not in taken}
    )


def _taken(ctx: typer.Context) -> set[str]:
    """Names that stand in the command line already."""
    given: Any = ctx.params.get("names") or ()
    return set(given)


async def _jobs(where: Where) -> list[RenderJob]:
    import asyncio

    from .opening import open_backend

    async with asyncio.timeout(_PATIENCE), open_backend(where) as backend:
        return await backend.list()
