"""Plain lines, for files and pipes: no control characters, and not too many of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from renderjob.api import RenderJob, State
from renderjob.cli.text import count, per_second, say, short_time

from .events import JobEvent
from .reporter import moment
from .snapshot import Snapshot
from .summary import Summary

EVERY_SECONDS = 5.0
EVERY_PERCENT = 10


class PlainReporter:
    """A line for each event, and a line of progress every five seconds or ten percent."""

    period = 0.25

    def __init__(self, write: Callable[[str], object] | None = None, *, prefix: str = "") -> None:
        """`prefix` stands before each line, where lines of several jobs stand among each other."""
        self._write = write
        self._prefix = prefix
        self._last_time = 0.0
        self._last: tuple[State, int] | None = None

    def _line(self, text: str) -> None:
        text = f"{self._prefix}{text}"
        if self._write is not None:
            self._write(text)
        else:
            say(text, file=sys.stdout, flush=True)

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:  # noqa: ARG002
        """The notes, one a line."""
        for note in notes:
            self._line(f"note: {note}")

    def event(self, event: JobEvent) -> None:
        """A line with the time."""
        mark = "✗ " if event.failure is not None and event.warning else "! " if event.warning else ""
        follows = f"; {event.follows}" if event.follows else ""
        self._line(f"{moment(event.time)} {mark}{event.text}{follows}")

    def note(self, text: str) -> None:
        """A line."""
        self._line(text)

    def refresh(self, snapshot: Snapshot) -> None:
        """A line of progress, when it is time for one."""
        state, percent = snapshot.job.status.state, snapshot.percent
        if state not in (State.RUNNING, State.MERGING):
            return
        if self._last is None:
            self._last, self._last_time = (state, percent), snapshot.seconds
            return
        waited = snapshot.seconds - self._last_time >= EVERY_SECONDS
        moved = percent - self._last[1] >= EVERY_PERCENT
        if (state, percent) != self._last and (waited or moved):
            self._last, self._last_time = (state, percent), snapshot.seconds
            self._line(f"{moment(datetime.now(UTC))} {progress_words(snapshot)}")

    def end(self, summary: Summary) -> None:
        """The summary, a line for each of its rows."""
        self._line(summary.title)
        for label, text in summary.rows():
            self._line(f"  {label:<9} {text}")

    def close(self) -> None:
        """Nothing is open."""


def progress_words(snapshot: Snapshot) -> str:
    """`41 %, 98 of 240 frames, 9 of 24 chunks, 2 running, 1.3 fps, 6m left`."""
    status = snapshot.job.status
    words = [
        f"{snapshot.percent} %",
        f"{snapshot.frames_done} of {count(status.total_frames, 'frame')}",
        f"{status.completed_chunks} of {count(status.total_chunks, 'chunk')}",
        "merging" if status.state is State.MERGING else f"{len(snapshot.chunks)} running",
    ]
    if snapshot.rate > 0:
        words.append(per_second(snapshot.rate))
    if snapshot.left is not None:
        words.append(f"{short_time(snapshot.left)} left")
    if snapshot.retries:
        words.append(count(snapshot.retries, "failed attempt"))
    return ", ".join(words)
