"""Jobs as a table, as kubectl prints one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from renderjob.cli.text import age, short_time
from renderjob.words.harmless import harmless

if TYPE_CHECKING:
    from renderjob.api import RenderJob

INTERRUPTED = "Interrupted"
"""Shown for a job that is not at its end and that no process runs: its last process was killed."""

COLOURS = {
    "Completed": "green",
    "Failed": "red",
    "Cancelled": "yellow",
    "Suspended": "yellow",
    "Running": "cyan",
    "Merging": "magenta",
    "Pending": "blue",
    INTERRUPTED: "yellow",
}

_GAP = "   "


def coloured() -> bool:
    """Whether stdout is a terminal that wants colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def shown_state(job: RenderJob, *, attended: bool) -> str:
    """The state of a job, truthful also when nobody works on it.

    Args:
        job: as it was saved.
        attended: whether a process runs it.
    """
    status = job.status
    edited = status.observed_generation != job.metadata.generation
    if attended:
        return status.state.value
    if status.state.terminal or status.state.value == "Suspended":
        # An edit that nobody has taken up: it waits for a run.
        halted = job.spec.cancel or job.spec.suspend
        return "Pending" if edited and not halted else status.state.value
    return INTERRUPTED if status.started_at is not None else "Pending"


Attended = Callable[["RenderJob"], bool]


def table(jobs: Sequence[RenderJob], attended: Attended, *, namespaces: bool, wide: bool) -> str:
    """The jobs as lines of columns."""
    now = datetime.now(UTC)
    head = ["NAME", "STATE", "PROGRESS", "FRAMES", "CHUNKS", "ACTIVE", "RETRIES", "ETA", "AGE"]
    if namespaces:
        head.insert(0, "NAMESPACE")
    if wide:
        head += ["ID", "OUTPUT"]
    rows = [head, *(_row(job, attended(job), now, namespaces=namespaces, wide=wide) for job in jobs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    state = head.index("STATE")
    lines = []
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if number and coloured():
            cells[state] = typer.style(cells[state], fg=COLOURS.get(row[state]))
        lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines)


def _row(job: RenderJob, attended: bool, now: datetime, *, namespaces: bool, wide: bool) -> list[str]:
    meta, status = job.metadata, job.status
    state = shown_state(job, attended=attended)
    cells = [
        meta.name,
        state,
        str(status.progress),
        f"{status.completed_frames}/{status.total_frames}",
        f"{status.completed_chunks}/{status.total_chunks}",
        str(status.active if attended else 0),
        str(status.attempts.failed),
        eta(job, now) if attended else "",
        age(meta.creation_timestamp, now),
    ]
    if namespaces:
        cells.insert(0, meta.namespace)
    if wide:
        cells += [meta.uid[:8], status.result.output]
    return [harmless(cell) for cell in cells]


def eta(job: RenderJob, now: datetime) -> str:
    """How long until the job should be done; empty when that is not known."""
    return _until(job.status.estimated_completion, now)


def eta_p90(job: RenderJob, now: datetime) -> str:
    """The same, should frames take as long as the slowest tenth of them did."""
    return _until(job.status.estimated_completion_p90, now)


def _until(due: datetime | None, now: datetime) -> str:
    return short_time((due - now).total_seconds()) if due is not None and due > now else ""
