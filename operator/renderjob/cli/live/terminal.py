"""The live view on a terminal: a line for each running chunk, one for the job, failures as they happen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from renderjob.api import RenderJob, State, frames_of
from renderjob.cli.text import clock, count, per_second, short_time, shortened
from renderjob.words.harmless import harmless

from .events import JobEvent
from .reporter import moment
from .snapshot import ChunkView, Snapshot
from .summary import Summary

_ENDS = ("Completed", "CompletedWithFailedFrames", "Failed", "Cancelled", "Suspended", "AwaitingApproval")
"""Events that the summary tells."""

_JOB_LINES = 2
"""Lines of a job, beside those of its chunks."""

_OTHER_LINES = 6
"""Lines of a terminal that are left to the job's line and to what was printed before."""

_BARS = 10, 40
"""A chunk's bar takes a quarter of the terminal, within these widths."""

COLOURS = {
    State.COMPLETED: "green",
    State.FAILED: "red",
    State.CANCELLED: "yellow",
    State.SUSPENDED: "yellow",
    State.RUNNING: "cyan",
    State.MERGING: "magenta",
    State.PENDING: "blue",
}


class View:
    """What is redrawn in place on a terminal: the jobs that are run together, one below the other."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(
            Text("starting …", style="dim"), console=console, auto_refresh=False, transient=True
        )
        self._snapshots: dict[TerminalReporter, Snapshot] = {}
        self._open: set[TerminalReporter] = set()

    def open(self, reporter: TerminalReporter) -> None:
        """A job begins."""
        self._open.add(reporter)
        self._live.start(refresh=True)

    def show(self, reporter: TerminalReporter, snapshot: Snapshot) -> None:
        """How a job is now; all of them are drawn anew with the first of them."""
        self._open.add(reporter)
        self._snapshots[reporter] = snapshot
        if next(iter(self._snapshots)) is reporter:
            seen = list(self._snapshots.values())
            self._live.update(pictures(seen, self._console.width, self._console.height), refresh=True)

    def close(self, reporter: TerminalReporter) -> None:
        """A job is over; with the last one, the terminal is given back."""
        self._open.discard(reporter)
        self._snapshots.pop(reporter, None)
        if not self._open:
            self._live.stop()


class TerminalReporter:
    """Redraws itself eight times a second."""

    period = 0.125

    def __init__(self, console: Console, view: View | None = None, name: str = "") -> None:
        """Of one job, or of several with one `view`; then `name` stands before what happens to this one."""
        self._console = console
        self._view = view or View(console)
        self._name = name

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:  # noqa: ARG002
        """The notes, and the first picture."""
        for note in notes:
            self._print(Text(f"note: {note}", style="dim"))
        self._view.open(self)

    def event(self, event: JobEvent) -> None:
        """A line above the live view, which stays."""
        if event.reason in _ENDS:
            return
        line = Text().append(f"{moment(event.time)} ", style="dim")
        if event.failure is not None:
            # What cost no retry is no failure of the renderer's.
            line.append("✗ " if event.warning else "↻ ", style="bold red" if event.warning else "bold yellow")
            line.append(event.text, style="red" if event.warning else "yellow")
        elif event.warning:
            line.append(f"! {event.text}", style="yellow")
        else:
            line.append(event.text, style="default")
        if event.follows:
            line.append(f" · {event.follows}")
        self._print(line)

    def note(self, text: str) -> None:
        """A line above the live view."""
        self._print(Text(text, style="bold"))

    def _print(self, line: Text) -> None:
        line.plain = harmless(line.plain)
        self._console.print(Text(f"{self._name} ", style="bold") + line if self._name else line)

    def refresh(self, snapshot: Snapshot) -> None:
        """Draw it anew."""
        self._view.show(self, snapshot)

    def end(self, summary: Summary) -> None:
        """The summary takes the live view's place."""
        self._view.close(self)
        self._console.print(panel(summary))

    def close(self) -> None:
        """Give the terminal back."""
        self._view.close(self)


def pictures(snapshots: Sequence[Snapshot], width: int, height: int) -> RenderableType:
    """The live view of jobs that run together, for a terminal of this size: as many of them as it has room for."""
    room = max(1, (height - _OTHER_LINES + _JOB_LINES) // _JOB_LINES)
    # What runs is shown before what waits, in the order of the jobs.
    busy = sorted(range(len(snapshots)), key=lambda number: (not snapshots[number].chunks, number))
    shown = [snapshots[number] for number in sorted(busy[:room])]
    left = height - _JOB_LINES * (len(shown) - 1)
    parts: list[RenderableType] = []
    for number, snapshot in enumerate(shown):
        # Each gets its part of the lines that are left, and those below it what it does not need.
        mine = _OTHER_LINES + max(1, (left - _OTHER_LINES) // (len(shown) - number))
        left -= min(len(snapshot.chunks), mine - _OTHER_LINES)
        parts.append(picture(snapshot, width, mine))
    if hidden := len(snapshots) - len(shown):
        parts.append(Text(f"  … and {count(hidden, 'more job')}", style="dim"))
    return Group(*parts)


def picture(snapshot: Snapshot, width: int, height: int) -> RenderableType:
    """The live view for a terminal of this size."""
    most = max(1, height - _OTHER_LINES)
    shown = snapshot.chunks[:most]
    parts: list[RenderableType] = []
    if shown:
        parts.append(_chunks(shown, width, _label_width(snapshot)))
    if len(snapshot.chunks) > most:
        parts.append(Text(f"  … and {len(snapshot.chunks) - most} more", style="dim"))
    parts.append(_job(snapshot))
    return Group(*parts)


def _label_width(snapshot: Snapshot) -> int:
    """Enough for any chunk of neighbouring frames: bars stay where they are while the numbers grow."""
    frames = frames_of(snapshot.job.spec.frames)
    return 3 + 2 * max(len(str(frames.first)), len(str(frames.last)))


def _chunks(chunks: Sequence[ChunkView], width: int, label_width: int) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    most = max(12, width // 4)
    table.add_column(no_wrap=True, overflow="ellipsis", min_width=min(label_width, most), max_width=most)
    table.add_column(width=max(_BARS[0], min(width // 4, _BARS[1])))
    table.add_column(justify="right", no_wrap=True, width=4)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(justify="right", no_wrap=True, style="dim")
    for chunk in chunks:
        table.add_row(
            _label(chunk),
            # A renderer that tells no progress gets a bar that moves.
            ProgressBar(
                total=1,
                completed=chunk.fraction,
                pulse=chunk.fraction == 0,
                complete_style="cyan",
                finished_style="cyan",
                pulse_style="cyan",
            ),
            f"{int(100 * chunk.fraction)}%" if chunk.fraction else "",
            _doing(chunk),
            clock(chunk.seconds) if chunk.seconds is not None else "",
        )
    return table


def _label(chunk: ChunkView) -> Text:
    label = Text("  merge" if chunk.merge else f"  {chunk.frames}", style="bold")
    if chunk.attempt > 1:
        label.append(f" try {chunk.attempt}", style="yellow not bold")
    return label


def _doing(chunk: ChunkView) -> Text:
    words = [f"frame {chunk.current_frame}"] if chunk.current_frame is not None else []
    if chunk.status:
        words.append(chunk.status)
    return Text(" · ".join(words), style="dim")


def _job(snapshot: Snapshot) -> RenderableType:
    status = snapshot.job.status
    colour = COLOURS[status.state]
    head = Table.grid(padding=(0, 1, 0, 0), expand=True)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True)
    head.add_column(ratio=1)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True)
    head.add_row(
        Text(shortened(snapshot.job.metadata.name, 20), style="bold"),
        Text(status.state.value, style=colour),
        ProgressBar(total=100, completed=snapshot.percent, complete_style=colour, finished_style=colour),
        Text(f"{snapshot.percent}%", style="bold"),
        Text(clock(snapshot.seconds), style="dim"),
    )
    return Group(head, Text(_numbers(snapshot), style="dim", no_wrap=True, overflow="ellipsis"))


def _numbers(snapshot: Snapshot) -> str:
    status = snapshot.job.status
    words = [
        f"{snapshot.frames_done}/{status.total_frames} frames",
        f"{status.completed_chunks}/{status.total_chunks} chunks",
    ]
    if snapshot.waits_for:
        words.append(snapshot.waits_for)
    if snapshot.rate > 0:
        words.append(per_second(snapshot.rate))
    if snapshot.left is not None:
        words.append(f"ETA {short_time(snapshot.left)}")
    if snapshot.retries:
        words.append(f"{snapshot.retries} failed")
    if status.retrying:
        words.append(f"{len(status.retrying)} to retry")
    return "  " + " · ".join(words)


def panel(summary: Summary) -> Panel:
    """The summary in a frame."""
    state = summary.job.status.state
    colour = "red" if summary.killed else "yellow" if summary.gone else COLOURS[state]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in summary.rows():
        style = "red" if label in ("Failed", "Error") else "yellow" if label == "Missing" else ""
        grid.add_row(label, Text(text, style=style))
    return Panel(
        grid, title=Text(summary.title, style=f"bold {colour}"), title_align="left", border_style=colour
    )
