"""Views that nobody sees: one that shows nothing, and one whose reader may go away.

That is `run … | head`, or a terminal that is closed; the job goes on without it.
"""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Callable, Sequence

from renderjob.api import RenderJob

from .events import JobEvent
from .reporter import Reporter
from .snapshot import Snapshot
from .summary import Summary


class QuietReporter:
    """Shows nothing."""

    period = 0.25

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:
        """Nothing."""

    def event(self, event: JobEvent) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def refresh(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def end(self, summary: Summary) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing is open."""


_GONE = (errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF)
"""A pipe without a reader, a terminal that was hung up."""


class DetachableReporter:
    """Shows a run by another reporter, until nobody reads that any more; then by none.

    What is printed afterwards, also by the interpreter when it ends, goes nowhere and is no error.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.period = reporter.period

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:
        """As the other one does."""
        self._show(lambda: self._reporter.begin(job, notes))

    def event(self, event: JobEvent) -> None:
        """As the other one does."""
        self._show(lambda: self._reporter.event(event))

    def note(self, text: str) -> None:
        """As the other one does."""
        self._show(lambda: self._reporter.note(text))

    def refresh(self, snapshot: Snapshot) -> None:
        """As the other one does."""
        self._show(lambda: self._reporter.refresh(snapshot))

    def end(self, summary: Summary) -> None:
        """As the other one does."""
        self._show(lambda: self._reporter.end(summary))

    def close(self) -> None:
        """As the other one does; nothing that was printed is left for the end of the process."""

        def closed() -> None:
            self._reporter.close()
            sys.stdout.flush()
            sys.stderr.flush()

        self._show(closed)

    def _show(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            if error.errno not in _GONE:
                raise
            self._reporter = QuietReporter()
            _let_go()


def _let_go() -> None:
    """Have what nobody reads go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (sys.stdout, sys.stderr):
            try:
                number = stream.fileno()
            except (OSError, ValueError):
                continue  # it is no file of the system's, as in a test
            if _unread(number):
                os.dup2(nowhere, number)
    finally:
        os.close(nowhere)


def _unread(number: int) -> bool:
    poll = select.poll()
    poll.register(number, 0)
    return any(events & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))
