"""The overview of all jobs, as `top` shows it: what they do and how fast, as a picture or as lines."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from renderjob.api import RenderJob
from renderjob.cli.text import count, per_second

from .attempts import Node
from .snapshot import RateMeter
from .summary import failures_by_class
from .tables import COLOURS, Attended, eta, shown_state

_ORDER = ("Running", "Merging", "Pending", "Interrupted", "Suspended", "Failed", "Cancelled", "Completed")
"""What happens now comes first."""

_SETTLING = 15.0
"""Seconds after which a rate that was measured says more than one that follows from frame times."""


@dataclass(frozen=True)
class JobLine:
    """A job at one moment."""

    namespace: str
    name: str
    state: str
    progress: int
    completed: int
    total: int
    active: int
    rate: float
    """Frames a second."""
    left: str
    failing: str
    """How many attempts failed, by class."""


@dataclass(frozen=True)
class Overview:
    """All jobs at one moment, those that render now first."""

    lines: tuple[JobLine, ...]
    nodes: tuple[Node, ...]

    @property
    def several_namespaces(self) -> bool:
        """Whether a name alone does not say which job is meant."""
        return len({line.namespace for line in self.lines}) > 1

    @property
    def rate(self) -> float:
        """Frames a second of all."""
        return sum(line.rate for line in self.lines)


class Overseer:
    """Makes overviews, one after the other, and remembers how far each job was."""

    def __init__(self, attended: Attended) -> None:
        """`attended` says whether something works on a job."""
        self._attended = attended
        self._meters: dict[str, tuple[float, RateMeter]] = {}

    def observe(self, jobs: Sequence[RenderJob], nodes: Sequence[Node], now: float | None = None) -> Overview:
        """The jobs as they are at `now`, in seconds of a monotonic clock."""
        now = time.monotonic() if now is None else now
        self._meters = {job.metadata.uid: self._meter(job, now) for job in jobs}
        lines = [self._line(job, now) for job in sorted(jobs, key=self._rank)]
        return Overview(tuple(lines), tuple(nodes))

    def _meter(self, job: RenderJob, now: float) -> tuple[float, RateMeter]:
        since, meter = self._meters.get(job.metadata.uid, (now, RateMeter(window=30.0)))
        status = job.status
        # Percent know of frames inside of running chunks, completed frames only of whole chunks.
        meter.add(now, max(status.completed_frames, status.progress * status.total_frames / 100))
        return since, meter

    def _state(self, job: RenderJob) -> str:
        return shown_state(job, attended=self._attended(job))

    def _rank(self, job: RenderJob) -> tuple[int, float]:
        state = self._state(job)
        ended = job.status.completed_at
        # Of those that ended, the last one first.
        moment = -ended.timestamp() if ended else _timestamp(job.metadata.creation_timestamp)
        return (_ORDER.index(state) if state in _ORDER else len(_ORDER), moment)

    def _line(self, job: RenderJob, now: float) -> JobLine:
        meta, status = job.metadata, job.status
        attended = self._attended(job)
        return JobLine(
            namespace=meta.namespace,
            name=meta.name,
            state=self._state(job),
            progress=status.progress,
            completed=status.completed_frames,
            total=status.total_frames,
            active=status.active if attended else 0,
            rate=self._rate(job, now) if attended else 0.0,
            left=eta(job, datetime.now(UTC)) if attended and not status.state.terminal else "",
            failing=", ".join(f"{number} {name}" for name, number in failures_by_class(job).items()),
        )

    def _rate(self, job: RenderJob, now: float) -> float:
        status = job.status
        if status.state.terminal or not status.active:
            return 0.0
        since, meter = self._meters[job.metadata.uid]
        measured, median = meter.rate(), status.frame_seconds.p50
        if (measured and now - since >= _SETTLING) or not median:
            return measured
        return status.active / median


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


_WIDE = 110
_OTHER_LINES = 4
"""The head, two heads of columns, and room between."""


def picture(overview: Overview, width: int, height: int) -> RenderableType:
    """The overview for a terminal of this size: what does not fit is counted."""
    nodes = overview.nodes[: max(1, height // 4)]
    room = max(1, height - _OTHER_LINES - (len(nodes) + 1 if nodes else 0))
    lines = overview.lines[:room] if len(overview.lines) <= room else overview.lines[: room - 1]
    parts: list[RenderableType] = [Text(headline(overview), style="bold", no_wrap=True, overflow="ellipsis")]
    parts.append(_jobs(lines, width, namespaces=overview.several_namespaces))
    if len(lines) < len(overview.lines):
        parts.append(Text(f"… and {len(overview.lines) - len(lines)} more", style="dim"))
    if nodes:
        parts += [Text(""), _nodes(nodes, len(overview.nodes))]
    return Group(*parts)


def headline(overview: Overview) -> str:
    """`3 jobs: 1 Running, 2 Completed · 12 chunks on 3 nodes · 4.1 fps`."""
    if not overview.lines:
        return "no jobs"
    states = Counter(line.state for line in overview.lines)
    each = ", ".join(f"{number} {state}" for state, number in states.items())
    words = [f"{count(len(overview.lines), 'job')}: {each}"]
    active = sum(line.active for line in overview.lines)
    if active:
        where = f" on {count(len(overview.nodes), 'node')}" if overview.nodes else ""
        words.append(f"{count(active, 'chunk')}{where}")
    if overview.rate > 0:
        words.append(per_second(overview.rate))
    return " · ".join(words)


def _jobs(lines: Sequence[JobLine], width: int, *, namespaces: bool) -> Table:
    wide = width >= _WIDE
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="dim", pad_edge=False)
    if namespaces:
        table.add_column("NAMESPACE", no_wrap=True, overflow="ellipsis", max_width=20 if wide else 10)
    table.add_column("NAME", no_wrap=True, overflow="ellipsis", min_width=8, ratio=2)
    table.add_column("STATE", no_wrap=True)
    table.add_column("PROGRESS", width=20 if wide else 8)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("FRAMES", justify="right", no_wrap=True)
    table.add_column("ACTIVE" if wide else "ACT", justify="right", no_wrap=True)
    table.add_column("RATE", justify="right", no_wrap=True)
    table.add_column("ETA", justify="right", no_wrap=True)
    table.add_column("FAILED", no_wrap=True, overflow="ellipsis", ratio=2)
    for line in lines:
        colour = COLOURS.get(line.state, "default")
        cells: list[RenderableType] = [
            Text(line.name, style="bold" if line.active else ""),
            Text(line.state, style=colour),
            ProgressBar(total=100, completed=line.progress, complete_style=colour, finished_style=colour),
            f"{line.progress}%",
            f"{line.completed}/{line.total}",
            str(line.active or ""),
            per_second(line.rate).replace("frames/min", "f/min") if line.rate else "",
            line.left,
            Text(line.failing, style="red" if line.state == "Failed" else "yellow"),
        ]
        table.add_row(*([line.namespace] if namespaces else []), *cells)
    return table


def _nodes(nodes: Sequence[Node], of: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("NODE" if len(nodes) == of else f"NODE ({len(nodes)} of {of})", no_wrap=True)
    table.add_column("CHUNKS", justify="right")
    table.add_column("JOBS", justify="right")
    for node in nodes:
        table.add_row(node.name, str(node.running), str(node.jobs))
    return table


def plain(overview: Overview) -> list[str]:
    """The same without a terminal: columns of words, everything once."""
    head = ("NAMESPACE", "NAME", "STATE", "PROGRESS", "FRAMES", "ACTIVE", "RATE", "ETA", "FAILED")
    rows = [head, *(_plain_row(line) for line in overview.lines)]
    lines = [headline(overview), *_columns(rows)]
    if overview.nodes:
        nodes = [(node.name, str(node.running), str(node.jobs)) for node in overview.nodes]
        lines += ["", *_columns([("NODE", "CHUNKS", "JOBS"), *nodes])]
    return lines


def _plain_row(line: JobLine) -> tuple[str, ...]:
    return (
        line.namespace,
        line.name,
        line.state,
        f"{line.progress}%",
        f"{line.completed}/{line.total}",
        str(line.active),
        per_second(line.rate) if line.rate else "-",
        line.left or "-",
        line.failing or "-",
    )


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return ["   ".join(row).rstrip() for row in padded]
