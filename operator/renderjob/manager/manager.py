"""JobManager: takes a job, has it run in the background, keeps its status, and answers for it."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Self

from renderjob.api import EventReason, Reason, RenderJob
from renderjob.core import (
    Decision,
    Event,
    Observed,
    Start,
    decide,
    decide_costly,
    decide_invalid,
)
from renderjob.workload import SharedOutputs

from . import trouble
from .acting import perform
from .budget import Weight
from .context import current_job
from .dependents import Dependents, dependencies_of, progressed
from .executor import ExecutorError, JobExecutor
from .lane import LIMIT, Lane, TookTooLongError
from .meter import Meter
from .pace import Pace
from .queue import WorkQueue
from .repository import (
    ConflictError,
    DamagedStatusError,
    InvalidJobError,
    JobRepository,
    RepositoryError,
)
from .steady import Steady
from .trouble import Troubles
from .verbs import JobVerbs

log = logging.getLogger(__name__)

Watcher = Callable[[RenderJob, Decision], None]
"""Called after every decision, with the job as it was saved."""

_POLL = 0.3
"""Seconds between polls for writes by other processes."""

_WORKERS = 4
"""Jobs that are reconciled concurrently: one that waits for processes to end does not hold up the others."""


class JobManager(JobVerbs):
    """Runs jobs: observe, decide, save, act. One per store; the same for laptop and cluster.

    As an async context manager it works in the background until it is left:

        async with JobManager(repository, executor) as manager:
            uid = await manager.submit(job)
            job = await manager.wait(uid)
    """

    def __init__(
        self,
        repository: JobRepository,
        executor: JobExecutor,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        owns: Callable[[RenderJob], bool] = lambda _: True,
        workers: int = _WORKERS,
        pace: float = 0.0,
        polls: bool = True,
        steady: Callable[[], float] = time.monotonic,
        lane: Lane | None = None,
        shared: SharedOutputs | None = None,
        namespace_of: Callable[[str], str] | None = None,
    ) -> None:
        """What runs jobs of a repository by an executor.

        Args:
            repository: where the jobs are.
            executor: what runs their attempts.
            clock: tells the time, with a zone.
            owns: which jobs of the repository are this manager's to run.
            workers: jobs that are reconciled concurrently.
            pace: seconds between two writes of one job's status, at least.
            polls: whether to look for jobs, and for writes of other processes; False where somebody calls `wake`.
            lane: where decisions are made that are not known to be quick; it keeps account of all, and who costs
                too much has to wait. None makes all of them in place: for a process of one user.
            shared: tells which jobs write to the same files; None tells nobody.
            steady: seconds by a clock that is never set: waits are as long as they are, whatever the other does.
            namespace_of: the namespace of a job that is known by its uid: namespaces take turns, and each has half of
                the workers at most. None: nobody shares.
        """
        super().__init__(repository, executor)
        self._shared = shared
        self._clock = clock
        self._owns = owns
        self._lane = lane
        weight_of = lane.budget.weight if lane is not None else lambda _: Weight.LIGHT
        crew = _crew(workers, lane is not None)
        self._crew = tuple(crew.items())
        # Who waits for an API server that is slow with what one namespace writes must not be all there are.
        most = {weight: max(1, count // 2) for weight, count in crew.items()}
        shares = namespace_of is not None
        self._queue = WorkQueue(
            weight_of, namespace_of or (lambda _: ""), most.__getitem__ if shares else lambda _: sys.maxsize
        )
        self._watchers: list[Watcher] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._dependents = Dependents()
        self._pace = Pace(pace, clock)
        self._steady = Steady(steady)
        self._troubles = Troubles(steady)
        self._polls = polls
        self._known: set[str] = set()
        """The jobs that were run by this manager and are not gone."""
        executor.subscribe(self._queue.add)

    def _enqueue(self, uid: str) -> None:
        self._queue.add(uid)

    # -- the background ---------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        # Before the list: what is written after it is seen by the poll.
        version = await self._repository.version()
        for job in await self._repository.list() if self._polls else ():
            if self._owns(job):
                self._queue.add(job.metadata.uid)
        self._tasks = [
            asyncio.create_task(self._work(weight)) for weight, count in self._crew for _ in range(count)
        ]
        if self._polls:
            self._tasks.append(asyncio.create_task(self._poll(version)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._queue.close()

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` after every decision."""
        self._watchers.append(watcher)

    def wake(self, uid: str, generation: int | None = None) -> None:
        """Reconcile a job: it was written, maybe its spec, or something of it changed."""
        if self._lane is not None and generation is not None:
            self._lane.budget.observe_generation(uid, generation)
        self._queue.add(uid)

    @property
    def backlog(self) -> int:
        """How many jobs wait to be reconciled."""
        return len(self._queue)

    async def _work(self, weight: Weight) -> None:
        while True:
            uid = await self._queue.get(weight)
            current_job.set("")
            try:
                await self._process(uid)
            finally:
                self._queue.done(uid)

    async def _process(self, uid: str) -> None:
        pause = max(self._pace.pause(uid), self._lane.budget.pause(uid) if self._lane is not None else 0.0)
        if pause > 0:
            # What happens until then is decided at once, and written once.
            self._queue.add_after(uid, pause)
            return
        try:
            wake = await self._accounted(uid)
        except ConflictError:
            self._queue.add(uid)
        except (RepositoryError, ExecutorError, OSError) as error:
            # Nothing is lost: the status is as it was, attempts run on, and what they did is observed the next time.
            log.warning("job %s: %s; tried again", uid, error)
            self._troubles.failed(uid)
            self._queue.retry(uid, longest=self._troubles.longest_pause(uid, error))
            if self._troubles.to_report(uid, error):
                await self._report(uid, trouble.unfinished(error))
        except Exception as error:
            log.exception("job %s: a defect of renderjob; tried again", uid)
            if self._queue.retry(uid, longest=trouble.LONGEST) >= trouble.DEFECTS:
                await self._report(uid, trouble.sentence(error))
        else:
            self._queue.forget(uid)
            self._troubles.forget(uid)
            if wake is not None:
                self._queue.add_after(uid, (wake - self._clock()).total_seconds())

    async def _poll(self, seen: int) -> None:
        """Other processes write to the repository, too: a cancel from another terminal."""
        while True:
            await asyncio.sleep(_POLL)
            with suppress(RepositoryError):
                version = await self._repository.version()
                if version != seen:
                    owned = {job.metadata.uid for job in await self._repository.list() if self._owns(job)}
                    # A job that was deleted is reconciled, too: what runs of it is to end.
                    for uid in owned | self._known:
                        self._queue.add(uid)
                    seen = version

    async def _accounted(self, uid: str) -> datetime | None:
        """`reconcile`, and note what it cost."""
        if self._lane is None:
            return await self.reconcile(uid)
        budget, meter = self._lane.budget, Meter(self.reconcile(uid))
        budget.begin(uid)
        try:
            return await meter
        finally:
            budget.spend(uid, meter.seconds)
            budget.end(uid)

    async def reconcile(self, uid: str) -> datetime | None:
        """Take one job a step further. Returns when to requeue it although nothing happens.

        Raises:
            RepositoryError, ExecutorError: nothing was decided, or not all was done; call it again.
        """
        try:
            job = await self._repository.get(uid)
        except InvalidJobError as error:
            job, observed, decision = error.job, Observed(), self._decide_invalid(error.job, error.problem)
        except DamagedStatusError as error:
            return await self._repair(error)
        else:
            if job is None:
                await self._gone(uid)
                return None
            current_job.set(job.key)
            observed = await self._observe(job)
            decision = await self._decide(job, observed)
        self._known.add(uid)
        if decision.status is not job.status:
            deferred = self._pace.defer(job, decision)
            if deferred is not None:
                return deferred if decision.wake is None else min(deferred, decision.wake)
            before = job.status
            job = await self._save(job.model_copy(update={"status": decision.status}))
            if progressed(before, job.status):
                self._wake_all(self._dependents.of(job))
        elif observed.refused is None and any(isinstance(action, Start) for action in decision.actions):
            # Nothing is started on old news: its attempt may be counted already, or the job be gone.
            await self._repository.confirm(job)
        complete, errors = await perform(
            self._executor, job, decision.actions, others_wait=lambda: bool(self._queue)
        )
        if not complete:
            self._queue.add(uid)
        # Its events are recorded although an action failed: the status is saved, they are not decided twice.
        self._notify(job, decision)
        if job.status.state.terminal:
            self._event(uid).set()
        else:
            self._event(uid).clear()
        if errors:
            raise errors[0]
        return decision.wake

    async def _observe(self, job: RenderJob) -> Observed:
        """What there is of a job's attempts, and of other jobs that matter to it."""
        observed = replace(await self._executor.observe(job), shared=self._shared_with(job))
        self._dependents.note(job)
        if not job.spec.depends_on:
            return observed
        return replace(observed, dependencies=await dependencies_of(job, self._repository))

    async def _decide(self, job: RenderJob, observed: Observed) -> Decision:
        meta, now, lane = job.metadata, self._clock(), self._lane
        deleting = observed.deleting or meta.deletion_timestamp is not None
        observed = replace(observed, deleting=deleting, set_back=self._steady.set_back(meta.uid, now))
        if lane is None:
            return decide(job.spec, job.status, observed, now)
        lane.budget.read_generation(meta.uid, meta.generation)
        observed = replace(observed, slowed=lane.budget.slowed(meta.uid))
        deciding = partial(decide, job.spec, job.status, observed, now)
        if lane.budget.weight(meta.uid) is Weight.LIGHT:
            return deciding()
        try:
            return await lane.run(meta.uid, deciding, meta.namespace)
        except TookTooLongError:
            return decide_costly(job.status, LIMIT, meta.uid, meta.generation, now)

    def _decide_invalid(self, job: RenderJob, problem: str, reason: Reason = Reason.INVALID_SPEC) -> Decision:
        meta = job.metadata
        if self._lane is not None:
            self._lane.budget.read_generation(meta.uid, meta.generation)
        return decide_invalid(job.status, problem, meta.uid, meta.generation, self._clock(), reason)

    async def _repair(self, error: DamagedStatusError) -> datetime:
        """Write what could be read of a status in its place; then it is decided on like any other."""
        saved = await self._save(error.job)
        message = f"the status could not be read as a whole, and what can be of it is kept: {error.problem}"
        self._notify(
            saved,
            Decision((), saved.status, None, (Event(EventReason.STATUS_REPAIRED, message, warning=True),)),
        )
        return self._clock()

    async def _report(self, uid: str, what: Event | str) -> None:
        """Record what keeps going wrong with a job: as an event, or in its status as well."""
        try:
            try:
                job = await self._repository.get(uid)
            except (InvalidJobError, DamagedStatusError) as error:
                job = error.job
            if job is None:
                return
            decision = Decision((), job.status, None, (what,) if isinstance(what, Event) else ())
            if isinstance(what, str):
                decision = self._decide_invalid(job, what, trouble.DEFECT)
                if decision.status is not job.status:
                    job = await self._save(job.model_copy(update={"status": decision.status}))
            self._notify(job, decision)
        except Exception as error:
            log.warning("job %s: what is wrong with it can't be recorded: %s", uid, error)

    async def _save(self, job: RenderJob) -> RenderJob:
        try:
            saved = await self._repository.save_status(job)
        except ConflictError:
            raise
        except RepositoryError:
            # Perhaps it was written, and only the answer is missing.
            self._pace.attempted(job.metadata.uid)
            raise
        self._pace.saved(job)
        self._troubles.wrote(job.metadata.uid)
        self._steady.written(job.metadata.uid, job.status.updated_at or self._clock())
        return saved

    def _wake_all(self, uids: Iterable[str]) -> None:
        for uid in uids:
            self._queue.add(uid)

    def _shared_with(self, job: RenderJob) -> str:
        """Who else writes the files of a job; they are reconciled, too, when that is news."""
        if self._shared is None:
            return ""
        self._wake_all(self._shared.note(job))
        return self._shared.words(job)

    async def _gone(self, uid: str) -> None:
        self._wake_all(self._shared.forget(uid) if self._shared is not None else ())
        self._wake_all(self._dependents.gone(uid))
        await self._executor.abandon(uid)
        self._known.discard(uid)
        self._pace.forget(uid)
        self._troubles.forget(uid)
        self._steady.forget(uid)
        if self._lane is not None:
            self._lane.forget(uid)
        # Who waits has it still; nobody else will.
        ended = self._ends.pop(uid, None)
        if ended is not None:
            ended.set()

    def _notify(self, job: RenderJob, decision: Decision) -> None:
        for watcher in self._watchers:
            try:
                watcher(job, decision)
            except Exception:
                # Whoever looks on, and breaks (a closed pipe), must not hold up the job.
                log.exception("job %s: a watcher failed", job.metadata.uid)


def _crew(workers: int, has_lane: bool) -> dict[Weight, int]:
    """How many workers there are for jobs of each weight; without a lane all jobs are light."""
    if not has_lane:
        return {Weight.LIGHT: workers, Weight.UNKNOWN: 0, Weight.HEAVY: 0}
    return {Weight.LIGHT: workers, Weight.UNKNOWN: max(1, workers // 4), Weight.HEAVY: 1}
