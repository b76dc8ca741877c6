"""JobManager: takes a job, has it run in the background, keeps its status, and answers for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

from renderjob.api import RenderJob, RenderJobSpec, RerenderSpec, State
from renderjob.core import (
    Action,
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
from .budget import Weight
from .context import current_job
from .dependents import Dependents, dependencies_of, got_on
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
    NotFoundError,
    RepositoryError,
)
from .steady import Steady

log = logging.getLogger(__name__)

Watcher = Callable[[RenderJob, Decision], None]
"""Called after every decision, with the job as it was saved."""

_POLL = 0.3
"""Seconds between looks for writes by other processes."""

_WORKERS = 4
"""Jobs that are looked at side by side: one that waits for processes to end does not hold up the others."""

_SIDE_BY_SIDE = 32
"""Actions of one job that are under way at a time."""

_FEW = 8
"""So many actions are done one after the other."""

_AT_ONCE = 200
"""Actions of one look at a job; for the rest it queues up again, behind the other jobs."""

_PATIENCE = 1.0
"""Seconds for which other jobs wait while one acts; then it queues up again, behind them, for the rest."""

_ATTEMPTS = 10
"""How often a verb is tried against concurrent writes."""


class JobManager:
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
    ) -> None:
        """What runs jobs of a repository by an executor.

        Args:
            repository: where the jobs are.
            executor: what runs their attempts.
            clock: tells the time, with a zone.
            owns: which jobs of the repository are this manager's to run.
            workers: jobs that are looked at side by side.
            pace: seconds between two writes of one job's status, at least.
            polls: whether to look for jobs, and for writes of other processes; False where somebody calls `wake`.
            lane: where decisions are made that are not known to be quick; it keeps account of all, and who costs
                too much has to wait. None makes all of them in place: for a process of one user.
            shared: tells which jobs write to the same files; None tells nobody.
            steady: seconds by a clock that is never set: waits are as long as they are, whatever the other does.
        """
        self._shared = shared
        self._repository = repository
        self._executor = executor
        self._clock = clock
        self._owns = owns
        self._lane = lane
        self._queue = WorkQueue(lane.budget.weight) if lane is not None else WorkQueue()
        self._watchers: list[Watcher] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ended: dict[str, asyncio.Event] = {}
        self._dependents = Dependents()
        self._workers = workers
        self._pace = Pace(pace, clock)
        self._steady = Steady(steady)
        self._polls = polls
        self._known: set[str] = set()
        """The jobs that were run by this manager and are not gone."""
        executor.subscribe(self._queue.add)

    # -- the background ---------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        # Before the list: what is written after it is seen by the poll.
        version = await self._repository.version()
        for job in await self._repository.list() if self._polls else ():
            if self._owns(job):
                self._queue.add(job.metadata.uid)
        crew = [Weight.LIGHT] * self._workers
        if self._lane is not None:
            crew += [Weight.UNKNOWN] * max(1, self._workers // 4) + [Weight.HEAVY]
        self._tasks = [asyncio.create_task(self._work(weight)) for weight in crew]
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
        """Look at a job: somebody wrote it, maybe its spec, or something of it changed."""
        if self._lane is not None and generation is not None:
            self._lane.budget.heard(uid, generation)
        self._queue.add(uid)

    @property
    def backlog(self) -> int:
        """How many jobs wait for a look."""
        return len(self._queue)

    async def _work(self, weight: Weight) -> None:
        while True:
            uid = await self._queue.get(weight)
            current_job.set("")
            try:
                await self._look(uid)
            finally:
                self._queue.done(uid)

    async def _look(self, uid: str) -> None:
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
            # Nothing is lost: the status is as it was, attempts run on, and the next look sees what they did.
            log.warning("job %s: %s; tried again", uid, error)
            if self._queue.retry(uid) == trouble.REFUSALS and not trouble.passes(error):
                await self._complain(uid, trouble.unfinished(error))
        except Exception as error:
            log.exception("job %s: a defect of renderjob; tried again", uid)
            if self._queue.retry(uid, longest=trouble.LONGEST) >= trouble.DEFECTS:
                await self._complain(uid, trouble.sentence(error))
        else:
            self._queue.forget(uid)
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
                    # A job that was deleted wants a look, too: what runs of it is to end.
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
            budget.looked(uid)

    async def reconcile(self, uid: str) -> datetime | None:
        """Take one job a step further. Returns when to look again although nothing happened.

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
            observed = replace(await self._executor.observe(job), shared=self._shared_with(job))
            self._dependents.note(job)
            if job.spec.depends_on:
                others = await dependencies_of(job, self._repository)
                observed = replace(observed, dependencies=others)
            decision = await self._decide(job, observed)
        self._known.add(uid)
        if decision.status is not job.status:
            later = self._pace.put_off(job, decision)
            if later is not None:
                return later if decision.wake is None else min(later, decision.wake)
            before = job.status
            job = await self._save(job.model_copy(update={"status": decision.status}))
            if got_on(before, job.status):
                self._wake_all(self._dependents.of(job))
        elif observed.refused is None and any(isinstance(action, Start) for action in decision.actions):
            # Nothing is started on old news: its attempt may be counted already, or the job be gone.
            await self._repository.confirm(job)
        errors = await self._act(job, decision)
        # Its events are told although an action did not work: the status is saved, they do not come again.
        self._tell(job, decision)
        if job.status.state.terminal:
            self._event(uid).set()
        else:
            self._event(uid).clear()
        if errors:
            raise errors[0]
        return decision.wake

    async def _decide(self, job: RenderJob, observed: Observed) -> Decision:
        meta, now, lane = job.metadata, self._clock(), self._lane
        deleting = observed.deleting or meta.deletion_timestamp is not None
        observed = replace(observed, deleting=deleting, set_back=self._steady.set_back(meta.uid, now))
        if lane is None:
            return decide(job.spec, job.status, observed, now)
        lane.budget.reads(meta.uid, meta.generation)
        observed = replace(observed, slowed=lane.budget.slowed(meta.uid))
        deciding = partial(decide, job.spec, job.status, observed, now)
        if lane.budget.weight(meta.uid) is Weight.LIGHT:
            return deciding()
        try:
            return await lane.run(meta.uid, deciding)
        except TookTooLongError:
            return decide_costly(job.status, LIMIT, meta.uid, meta.generation, now)

    def _decide_invalid(self, job: RenderJob, problem: str, reason: str = "") -> Decision:
        meta = job.metadata
        if self._lane is not None:
            self._lane.budget.reads(meta.uid, meta.generation)
        return decide_invalid(job.status, problem, meta.uid, meta.generation, self._clock(), reason)

    async def _repair(self, error: DamagedStatusError) -> datetime:
        """Write what could be read of a status in its place; then it is decided on like any other."""
        saved = await self._save(error.job)
        message = f"the status could not be read as a whole, and what can be of it is kept: {error.problem}"
        self._tell(saved, Decision((), saved.status, None, (Event("StatusRepaired", message, warning=True),)))
        return self._clock()

    async def _complain(self, uid: str, what: Event | str) -> None:
        """Tell a job of what keeps going wrong with it: by an event, or in its status as well."""
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
            self._tell(job, decision)
        except Exception as error:
            log.warning("job %s: can't be told what is wrong with it: %s", uid, error)

    async def _save(self, job: RenderJob) -> RenderJob:
        try:
            saved = await self._repository.save_status(job)
        except ConflictError:
            raise
        except RepositoryError:
            # Perhaps it was written, and only the answer is missing.
            self._pace.tried(job.metadata.uid)
            raise
        self._pace.saved(job)
        self._steady.written(job.metadata.uid, job.status.updated_at or self._clock())
        return saved

    def _wake_all(self, uids: Iterable[str]) -> None:
        for uid in uids:
            self._queue.add(uid)

    def _shared_with(self, job: RenderJob) -> str:
        """Who else writes the files of a job; they are looked at, too, when that is news."""
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
        self._steady.forget(uid)
        if self._lane is not None:
            self._lane.forget(uid)
        # Who waits has it still; nobody else will.
        ended = self._ended.pop(uid, None)
        if ended is not None:
            ended.set()

    def _tell(self, job: RenderJob, decision: Decision) -> None:
        for watcher in self._watchers:
            try:
                watcher(job, decision)
            except Exception:
                # Whoever looks on, and breaks (a closed pipe), must not hold up the job.
                log.exception("job %s: a watcher failed", job.metadata.uid)

    async def _act(self, job: RenderJob, decision: Decision) -> list[ExecutorError]:
        """Every action is tried, whatever becomes of the others; returns what went wrong."""
        # What makes room goes first.
        actions = sorted(decision.actions, key=lambda action: isinstance(action, Start))
        if len(actions) > _AT_ONCE:
            actions = actions[:_AT_ONCE]
            self._queue.add(job.metadata.uid)
        errors: list[ExecutorError] = []
        since = asyncio.get_running_loop().time()
        for some in _batches(actions, _SIDE_BY_SIDE):
            if len(self._queue) and asyncio.get_running_loop().time() - since > _PATIENCE:
                self._queue.add(job.metadata.uid)
                break
            done = await _together(partial(self._executor.perform, job), some)
            for result in done:
                if isinstance(result, ExecutorError):
                    errors.append(result)
                elif result is not None:
                    raise result
        return errors

    # -- the verbs --------------------------------------------------------------------------------------------

    async def submit(self, job: RenderJob) -> str:
        """Take a new job. Returns its id at once; the work goes on in the background.

        Raises:
            AlreadyExistsError: its namespace and name are taken.
        """
        created = await self._repository.create(job)
        uid = created.metadata.uid
        self._queue.add(uid)
        return uid

    async def get(self, uid: str) -> RenderJob | None:
        """The job with this id, or None."""
        return await self._repository.get(uid)

    async def list(self, *states: State) -> list[RenderJob]:
        """All jobs, or those in one of these states."""
        jobs = await self._repository.list()
        return [job for job in jobs if not states or job.status.state in states]

    async def cancel(self, uid: str) -> RenderJob:
        """End a job and keep what is rendered."""
        return await self.edit(uid, lambda spec: spec.model_copy(update={"cancel": True}))

    async def suspend(self, uid: str) -> RenderJob:
        """Stop what runs, free of charge, and start nothing."""
        return await self.edit(uid, lambda spec: spec.model_copy(update={"suspend": True}))

    async def resume(self, uid: str) -> RenderJob:
        """Go on with what is missing, after a suspend or a cancel."""
        return await self.edit(uid, lambda spec: spec.model_copy(update={"suspend": False, "cancel": False}))

    async def retry(self, uid: str) -> RenderJob:
        """Run again what failed, in any state."""
        return await self.edit(
            uid,
            lambda spec: spec.model_copy(update={"retry": spec.retry + 1, "cancel": False, "suspend": False}),
        )

    async def rerender(self, uid: str, frames: str) -> RenderJob:
        """Render frames once more that are rendered, in any state; `frames` is a frame expression."""

        def asked(spec: RenderJobSpec) -> RenderJobSpec:
            request = max(spec.rerender.request if spec.rerender else 0, observed) + 1
            wanted = RerenderSpec(frames=frames, request=request)
            return spec.model_copy(update={"rerender": wanted, "cancel": False, "suspend": False})

        job = await self._repository.get(uid)
        observed = job.status.observed_rerender if job is not None else 0
        return await self.edit(uid, asked)

    async def approve(self, uid: str) -> RenderJob:
        """Let the frames after the preview be rendered; without a preview nothing changes."""

        def approved(spec: RenderJobSpec) -> RenderJobSpec:
            preview = spec.preview and spec.preview.model_copy(update={"approved": True})
            return spec.model_copy(update={"preview": preview})

        return await self.edit(uid, approved)

    async def delete(self, uid: str) -> bool:
        """Stop and remove a job; what is rendered stays. Whether it was there."""
        there = await self._repository.delete(uid)
        await self._executor.abandon(uid)
        self._queue.add(uid)
        return there

    async def edit(self, uid: str, change: Callable[[RenderJobSpec], RenderJobSpec]) -> RenderJob:
        """Change a job's spec, again if somebody else wrote meanwhile.

        Raises:
            NotFoundError: no job has this id.
        """
        for _ in range(_ATTEMPTS):
            try:
                job = await self._repository.get(uid)
            except (InvalidJobError, DamagedStatusError) as error:
                # What is changed is written, and nothing else: that needs no more of it than can be read.
                job = error.job
            if job is None:
                raise NotFoundError(f"no job has the id {uid}")
            try:
                saved = await self._repository.save(job.model_copy(update={"spec": change(job.spec)}))
            except ConflictError:
                continue
            self._event(uid).clear()
            self._queue.add(uid)
            return saved
        raise ConflictError(f"job {uid} is being written all the time; try again")

    async def wait(self, uid: str) -> RenderJob | None:
        """Wait until a job is at its end; None when it is gone."""
        self._queue.add(uid)
        await self._event(uid).wait()
        return await self._repository.get(uid)

    def _event(self, uid: str) -> asyncio.Event:
        return self._ended.setdefault(uid, asyncio.Event())


def _batches(actions: Sequence[Action], size: int) -> Iterator[Sequence[Action]]:
    for start in range(0, len(actions), size):
        yield actions[start : start + size]


async def _together(
    do: Callable[[Action], Coroutine[Any, Any, None]], actions: Sequence[Action]
) -> Sequence[BaseException | None]:
    """Do all of it side by side; a few things one after the other, which costs no tasks."""
    if len(actions) > _FEW:
        results: list[BaseException | None] = await asyncio.gather(*map(do, actions), return_exceptions=True)
        return results
    done: list[BaseException | None] = []
    for action in actions:
        try:
            await do(action)
        except Exception as error:
            done.append(error)
        else:
            done.append(None)
    return done
