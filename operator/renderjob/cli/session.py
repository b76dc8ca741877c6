"""Session: this process runs one job until it ends, tells a reporter, and obeys Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from renderjob.api import Failure, RenderJob, State
from renderjob.core import Decision
from renderjob.executors.local import Store
from renderjob.frames import FrameSet
from renderjob.manager import JobManager, JobRepository, NotFoundError

from .live.attempts import of_processes
from .live.happening import happenings
from .live.reporter import Reporter
from .live.snapshot import Observer, Snapshot
from .places import Place
from .summary import Summary

if TYPE_CHECKING:
    from renderjob.executors.local import LocalExecutor

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""SIGHUP: the terminal was closed. Who wants the run to outlive it has it ignored, as nohup does."""


class Session:
    """One run of one job by this process, which must hold the job's lock."""

    def __init__(
        self,
        store: Store,
        repository: JobRepository,
        job: RenderJob,
        reporter: Reporter,
        *,
        place: Place,
        again: str = "",
    ) -> None:
        """`place` and `again`, the command that goes on with the job, are for the summary."""
        self._store = store
        self._repository = repository
        self._job = job
        self._reporter = reporter
        self._place = place
        self._again = again
        self._rendered = 0
        self._looked = False
        self._failures: list[Failure] = list(job.status.failures)
        self._classes: Counter[str] = Counter()
        self._merged = False
        self._signals = 0
        self._wake = asyncio.Event()
        self._halted = False
        self._executor: LocalExecutor | None = None

    async def run(self, notes: list[str]) -> Summary:
        """Run the job until it ends, is suspended, is deleted, or is killed by a second Ctrl-C."""
        uid, begun = self._job.metadata.uid, time.monotonic()
        observer = Observer(begun)
        reporter, gone, killed = self._reporter, False, False
        try:
            with self._catching_signals():
                reporter.begin(self._job, notes)
                # It takes its time to import, and the first picture should not wait for it.
                from renderjob.executors.local import LocalExecutor

                async with (
                    LocalExecutor(self._store) as executor,
                    self._manager(executor) as manager,
                ):
                    self._executor = executor
                    ended = asyncio.create_task(manager.wait(uid))
                    cancelled = False
                    while not ended.done() and not self._halted and not killed:
                        await self._nap(ended)
                        if self._signals and not cancelled:
                            cancelled = await self._cancel(manager, uid)
                        killed = self._signals > 1
                        reporter.refresh(self._snapshot(observer, executor))
                    gone = ended.done() and ended.result() is None
                    ended.cancel()
            summary = self._summary(time.monotonic() - begun, gone=gone, killed=killed)
            reporter.end(summary)
        finally:
            reporter.close()
        return summary

    def _manager(self, executor: LocalExecutor) -> JobManager:
        uid = self._job.metadata.uid
        manager = JobManager(self._repository, executor, owns=lambda job: job.metadata.uid == uid)
        manager.watch(self._look)
        return manager

    def _snapshot(self, observer: Observer, executor: LocalExecutor) -> Snapshot:
        attempts = of_processes(executor.attempts(self._job.metadata.uid))
        return observer.look(self._job, attempts, time.monotonic())

    async def _nap(self, ended: asyncio.Task[RenderJob | None]) -> None:
        """Until the next refresh, or until something needs attention."""
        wake = asyncio.create_task(self._wake.wait())
        await asyncio.wait({ended, wake}, timeout=self._reporter.period, return_when=asyncio.FIRST_COMPLETED)
        wake.cancel()
        self._wake.clear()

    async def _cancel(self, manager: JobManager, uid: str) -> bool:
        self._reporter.note("cancelling: what is rendered is kept; Ctrl-C again kills at once")
        try:
            await manager.cancel(uid)
        except NotFoundError:
            return True  # it was deleted meanwhile, and ends by that
        return True

    def _look(self, job: RenderJob, decision: Decision) -> None:
        """After each decision."""
        before, self._failures = self._failures, job.status.failures
        # The first decision takes over what an earlier run had rendered, by its status, logs and files.
        first, self._looked = not self._looked, True
        if not first:
            completed, known = job.status.frames.completed, self._job.status.frames.completed
            if completed != known:
                self._rendered += len(FrameSet.parse(completed) - FrameSet.parse(known))
        self._job = job
        for what in happenings(before, job, decision):
            if what.reason in ("ChunkFailed", "MergeFailed"):
                kind = what.failure.failure_class.value if what.failure else "other"
                self._classes["Merge" if what.reason == "MergeFailed" else kind] += 1
            self._merged |= what.reason == "Merged"
            self._reporter.happened(what)
        if job.status.state is State.SUSPENDED:
            self._halted = True
            self._wake.set()

    def _summary(self, seconds: float, *, gone: bool, killed: bool) -> Summary:
        job = self._job
        return Summary(
            job=job,
            seconds=seconds,
            rendered=self._rendered,
            failures=dict(self._classes),
            place=self._place,
            again=self._again,
            gone=gone,
            killed=killed,
            merged=self._merged,
        )

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
