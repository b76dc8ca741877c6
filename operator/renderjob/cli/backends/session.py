"""Session: this process runs jobs until they end, tells their reporters, and obeys Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from renderjob.api import EventReason, Failure, RenderJob, State
from renderjob.cli.live.attempts import of_processes
from renderjob.cli.live.events import job_events
from renderjob.cli.live.reporter import Reporter
from renderjob.cli.live.snapshot import Observer, awaited
from renderjob.cli.live.summary import Summary
from renderjob.cli.places import Place
from renderjob.core import Decision
from renderjob.executors.local import Store
from renderjob.frames import EMPTY, FrameSet
from renderjob.manager import (
    ConflictError,
    ExecutorError,
    JobExecutor,
    JobManager,
    JobRepository,
    NotFoundError,
    RepositoryError,
)

from .ownership import owner

if TYPE_CHECKING:
    from renderjob.executors.local import LocalExecutor

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""SIGHUP: the terminal was closed. Who wants the run to outlive it has it ignored, as nohup does."""


class JobRun:
    """One job of a session: what happens to it in this run, as its reporter is told."""

    def __init__(
        self, job: RenderJob, reporter: Reporter, again: str = "", notes: Sequence[str] = ()
    ) -> None:
        """A run of a job that is locked by this process.

        Args:
            job: as it is stored.
            reporter: shows it.
            again: the command that goes on with it, for the summary; empty for the usual one.
            notes: what the user should know before.
        """
        self.job = job
        self.reporter = reporter
        self.over = False
        """Its summary is told: it is at its end, suspended, or can't get on."""
        self.gone = False
        """It was deleted."""
        self.refused = False
        """It could not be cancelled at once, and that is told."""
        self._again = again
        self._notes = notes
        self._begun = time.monotonic()
        self._observer = Observer(self._begun)
        self._rendered = EMPTY
        self._decided = False
        self._failures: list[Failure] = list(job.status.failures)
        self._classes: Counter[str] = Counter()
        self._merged = False

    @property
    def uid(self) -> str:
        """The job's."""
        return self.job.metadata.uid

    @property
    def halted(self) -> bool:
        """Whether it is suspended, and so goes on only when somebody wants it to."""
        return self._decided and self.job.status.state is State.SUSPENDED

    def begin(self) -> None:
        """Show that it begins."""
        self.reporter.begin(self.job, self._notes)

    def decided(self, job: RenderJob, decision: Decision) -> None:
        """Take up a decision about it."""
        before, self._failures = self._failures, job.status.failures
        # The first decision takes over what an earlier run had rendered, by its status, logs and files.
        first, self._decided = not self._decided, True
        if not first:
            completed, known = job.status.frames.completed, self.job.status.frames.completed
            if completed != known:
                self._rendered |= FrameSet.parse(completed) - FrameSet.parse(known)
        self.job = job
        for event in job_events(before, job, decision):
            if event.reason in (EventReason.CHUNK_FAILED, EventReason.MERGE_FAILED):
                kind = event.failure.failure_class.value if event.failure else "other"
                self._classes["Merge" if event.reason == EventReason.MERGE_FAILED else kind] += 1
            self._merged |= event.reason == EventReason.MERGED
            self.reporter.event(event)

    def refresh(self, executor: LocalExecutor) -> None:
        """Show how it is now."""
        attempts = of_processes(executor.attempts(self.uid))
        self.reporter.refresh(self._observer.observe(self.job, attempts, time.monotonic()))

    @property
    def goes_on(self) -> bool:
        """Whether somebody has it go on that was over: by `renderjob retry` in another terminal, say."""
        at_rest = self.job.status.state.terminal or self.halted or awaited(self.job)
        return self.over and not (self.gone or at_rest)

    def end(self, place: Place, *, gone: bool = False, killed: bool = False) -> Summary:
        """Show what came of it."""
        self.over, self.gone = True, gone
        summary = Summary(
            job=self.job,
            seconds=time.monotonic() - self._begun,
            rendered=len(self._rendered),
            failures=dict(self._classes),
            place=place,
            again=self._again,
            gone=gone,
            killed=killed,
            merged=self._merged,
            waiting="" if gone or killed else awaited(self.job),
        )
        self.reporter.end(summary)
        return summary


class Session:
    """One run of jobs by this process, which must hold their locks."""

    def __init__(
        self, store: Store, repository: JobRepository, runs: Sequence[JobRun], *, place: Place
    ) -> None:
        """`place` is for the summaries."""
        self._store = store
        self._repository = repository
        self._runs = {run.uid: run for run in runs}
        self._period = min(run.reporter.period for run in runs)
        self._place = place
        self._signals = 0
        self._wake = asyncio.Event()
        self._executor: LocalExecutor | None = None
        self._summaries: dict[str, Summary] = {}

    async def run(self) -> list[Summary]:
        """Run the jobs until each ends, is suspended, is deleted or can't get on, or a second Ctrl-C kills all.

        Returns:
            A summary for each, in their order.
        """
        try:
            with self._catching_signals():
                for run in self._runs.values():
                    run.begin()
                # They take their time to import, and the first picture should not wait for them.
                from renderjob.executors.local import LocalExecutor
                from renderjob.executors.slots import SharedSlots

                async with LocalExecutor(self._store) as executor:
                    self._executor = executor
                    shared: JobExecutor = executor if len(self._runs) == 1 else SharedSlots(executor)
                    manager = JobManager(
                        self._repository, shared, owns=lambda job: job.metadata.uid in self._runs
                    )
                    manager.watch(self._decided)
                    async with manager:
                        await self._until_over(manager, executor)
            for run in self._open:
                self._end(run, killed=True)
        finally:
            for run in self._runs.values():
                run.reporter.close()
        return [self._summaries[uid] for uid in self._runs]

    async def _until_over(self, manager: JobManager, executor: LocalExecutor) -> None:
        """Until no job is open, or a second signal came."""
        waits = {uid: asyncio.create_task(manager.wait(uid)) for uid in self._runs}
        uncancelled: list[JobRun] | None = None
        try:
            while self._open and self._signals < 2:
                await self._nap([waits[run.uid] for run in self._open])
                if self._signals:
                    uncancelled = await self._cancel(manager, uncancelled)
                for run in self._open:
                    run.refresh(executor)
                    ended = waits[run.uid]
                    if ended.done() or run.halted:
                        self._end(run, gone=ended.done() and ended.result() is None)
                for run in self._runs.values():
                    if run.goes_on:
                        run.over, waits[run.uid] = False, asyncio.create_task(manager.wait(run.uid))
                    elif (
                        run.over
                        and not run.gone
                        and self._summaries[run.uid].state is not run.job.status.state
                    ):
                        # It went on and has ended again since: that is what came of it.
                        self._end(run)
                if await self._all_wait_in_vain(manager):
                    for run in self._open:
                        self._end(run)
        finally:
            for wait in waits.values():
                wait.cancel()
            await asyncio.gather(*waits.values(), return_exceptions=True)

    @property
    def _open(self) -> list[JobRun]:
        return [run for run in self._runs.values() if not run.over]

    def _end(self, run: JobRun, *, gone: bool = False, killed: bool = False) -> None:
        self._summaries[run.uid] = run.end(self._place, gone=gone, killed=killed)

    async def _all_wait_in_vain(self, manager: JobManager) -> bool:
        """Whether all that is left waits for frames of other jobs, and some of these will not be rendered (by now
        they would be, or be under way): then nothing will happen any more.

        What their statuses say may be older than the last news of what they wait for: each is decided anew, and when
        none of them has anything new to say, that stands.
        """
        left = self._open
        if not all(awaited(run.job) for run in left) or not any(run.job.status.error for run in left):
            return False
        if await self._others_go_on(left):
            return False
        before = [run.job.status for run in left]
        for run in left:
            with suppress(ConflictError, ExecutorError):
                await manager.reconcile(run.uid)
        return [run.job.status for run in left] == before

    async def _others_go_on(self, left: Sequence[JobRun]) -> bool:
        """Whether another process runs a job that some of these wait for."""
        for run in left:
            for wanted in run.job.spec.depends_on:
                other = await self._repository.find(run.job.metadata.namespace, wanted.name)
                if other is None or other.metadata.uid in self._runs:
                    continue
                if owner(self._store, other.metadata.uid) is not None:
                    return True
        return False

    async def _nap(self, ends: Sequence[asyncio.Task[RenderJob | None]]) -> None:
        """Until the next refresh, or until something needs attention."""
        wake = asyncio.create_task(self._wake.wait())
        await asyncio.wait({*ends, wake}, timeout=self._period, return_when=asyncio.FIRST_COMPLETED)
        wake.cancel()
        self._wake.clear()

    async def _cancel(self, manager: JobManager, left: Sequence[JobRun] | None) -> list[JobRun]:
        """Cancel all that is open, or what is left of it; returns what could not be: it is tried again."""
        if left is None:
            left = self._open
            left[0].reporter.note("cancelling: what is rendered is kept; Ctrl-C again kills at once")
        again = []
        for run in left:
            try:
                await manager.cancel(run.uid)
            except NotFoundError:
                pass  # It was deleted meanwhile, and ends by that.
            except RepositoryError as error:
                again.append(run)
                if not run.refused:
                    run.refused = True
                    run.reporter.note(f"it can't be cancelled yet, and that is tried again: {error}")
        return again

    def _decided(self, job: RenderJob, decision: Decision) -> None:
        """After each decision."""
        run = self._runs[job.metadata.uid]
        run.decided(job, decision)
        if run.halted:
            self._wake.set()

    @contextmanager
    def _catching_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def caught() -> None:
            self._signals += 1
            self._wake.set()
            if self._signals > 1 and self._executor is not None:
                # At once, whatever the rest of us is waiting for.
                self._executor.kill_all()

        heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        for number in heeded:
            loop.add_signal_handler(number, caught)
        try:
            yield
        finally:
            for number in heeded:
                loop.remove_signal_handler(number)
