"""Following a job that something else works on, until it stands still: `watch`, and `submit --watch`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from renderjob.api import RenderJob, State
from renderjob.cli.errors import CliError, ExitCode
from renderjob.cli.live.events import News
from renderjob.cli.live.reporter import Reporter
from renderjob.cli.live.snapshot import Observer
from renderjob.cli.live.summary import Summary, failures_by_class
from renderjob.cli.text import say

from .backend import Backend

_BLIND = 3.0
"""Seconds until the logs of what runs already are read."""

_UNSEEN = 10.0
"""Seconds after which an edit that nobody took up is worth a word."""


class Following:
    """One job, followed for a reporter."""

    def __init__(
        self, backend: Backend, job: RenderJob, reporter: Reporter, notes: Sequence[str] = ()
    ) -> None:
        self._backend = backend
        self._job = job
        self._reporter = reporter
        self._notes = notes
        self._begun = time.monotonic()
        self._untaken = self._begun
        self._warned = False
        self._gone = False

    async def run(self) -> Summary:
        """Until the job is at its end, is suspended, or is gone.

        Raises:
            CliError: nothing works on it, so that nothing will happen.
        """
        reporter = self._reporter
        try:
            async with self._backend.attempts(self._job) as attempts:
                listening = asyncio.create_task(self._listen())
                try:
                    observer = Observer(self._begun - _age(self._job), blind=_BLIND)
                    reporter.begin(self._job, self._notes)
                    while not listening.done():
                        await asyncio.wait({listening}, timeout=reporter.period)
                        reporter.refresh(
                            observer.observe(self._job, attempts.observe(self._job), time.monotonic())
                        )
                        self._check_operator()
                    listening.result()
                finally:
                    listening.cancel()
                    await asyncio.gather(listening, return_exceptions=True)
            summary = self._summary()
            reporter.end(summary)
        finally:
            reporter.close()
        return summary

    async def _listen(self) -> None:
        news = News(self._job)
        async with aclosing(self._backend.watch(self._job)) as changes:
            async for jobs in changes:
                if not jobs:
                    self._gone = True
                    return
                self._job = jobs[0]
                for event in news.of(self._job):
                    self._reporter.event(event)
                if stands_still(self._job):
                    return
                if not self._backend.attended(self._job):
                    again = self._backend.place.go_on(self._job)
                    raise CliError(f"no process runs {self._job.key}; go on with: {again}")

    def _check_operator(self) -> None:
        if self._job.is_observed:
            self._untaken = time.monotonic()
        elif not self._warned and time.monotonic() - self._untaken > _UNSEEN:
            self._warned = True
            self._reporter.note("no operator has taken this up yet: does one run in the cluster?")

    def _summary(self) -> Summary:
        merges = self._job.status.merge.attempts
        failures = {**failures_by_class(self._job), **({"Merge": merges} if merges else {})}
        return Summary(
            job=self._job,
            seconds=_age(self._job),
            rendered=self._job.status.completed_frames,
            failures=failures,
            place=self._backend.place,
            gone=self._gone,
        )


def stands_still(job: RenderJob) -> bool:
    """At its end or suspended, and nothing was asked of it since."""
    return job.is_observed and (job.status.state.terminal or job.status.state is State.SUSPENDED)


def unwatched(what: str) -> ExitCode:
    """Ctrl-C: nobody looks any more, and that is all."""
    say(f"{what} goes on without being watched", file=sys.stderr)
    return ExitCode.KILLED


def _age(job: RenderJob) -> float:
    """Seconds that the job has run, or ran."""
    started, ended = job.status.started_at, job.status.completed_at
    if started is None:
        return 0.0
    return ((ended or datetime.now(UTC)) - started).total_seconds()
