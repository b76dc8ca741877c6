"""JobManager against a repository that fails: how often it writes, how soon it tries again, what it forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from renderjob.api import RenderJob, State
from renderjob.core import Action, AttemptObservation, Observed, Phase, Start
from renderjob.manager import (
    ConflictError,
    DamagedStatusError,
    ExecutorError,
    JobManager,
    NotFoundError,
    RepositoryError,
    TooLargeError,
)
from renderjob.repositories import InMemoryJobRepository
from support.jobs import job
from support.rendering import Rendering
from support.virtual_time import in_virtual_time
from support.wrapped import Failing, Wrapped

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def now() -> float:
    return asyncio.get_running_loop().time()


class Timed(Failing):
    """A repository that fails, and knows when each status was written."""

    def __init__(self, fails: Callable[[int], bool], *, done: bool) -> None:
        super().__init__(InMemoryJobRepository(), fails, done=done)
        self.asked: list[float] = []

    async def save_status(self, job: RenderJob) -> RenderJob:
        self.asked.append(now())
        return await super().save_status(job)


def a_manager(repository: Failing) -> JobManager:
    return JobManager(
        repository,
        Rendering(),
        clock=lambda: EPOCH + timedelta(seconds=now()),
        pace=1.0,
        polls=False,
    )


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_the_pace_is_kept_though_an_answer_is_lost(done: bool):
    """Whether a status was written is not known without an answer: the next is written as if it were."""

    async def scenario() -> list[float]:
        repository = Timed(lambda number: number % 2 == 0, done=done)
        async with a_manager(repository) as manager:
            uid = await manager.submit(job(frames="1-6", chunks={"size": 1}, parallelism=1))
            await manager.wait(uid)
        return repository.asked

    times = in_virtual_time(scenario())
    assert len(times) > 6
    assert all(later - sooner >= 1.0 for sooner, later in pairwise(times)), times


def test_while_nothing_can_be_written_it_is_tried_ever_less_often():
    async def scenario() -> list[float]:
        repository = Timed(lambda number: number < 12, done=False)
        async with a_manager(repository) as manager:
            await manager.wait(await manager.submit(job(frames="1")))
        return repository.asked

    pauses = [later - sooner for sooner, later in pairwise(in_virtual_time(scenario())[:12])]
    assert pauses[-1] > 20, pauses


class Behind(Wrapped):
    """A repository whose reads are a version late, as a cache may be."""

    def __init__(self) -> None:
        super().__init__(InMemoryJobRepository())
        self.late: RenderJob | None = None

    async def get(self, uid: str) -> RenderJob | None:
        return self.late or await self.inner.get(uid)


async def test_nothing_is_started_on_old_news():
    """The attempt of an old status is counted and removed: it must not be made again."""
    repository, executor = Behind(), Rendering()
    uid = (await repository.create(job(frames="1-2", chunks={"size": 1}, parallelism=1))).metadata.uid
    manager = JobManager(repository, executor, polls=False)
    await manager.reconcile(uid)
    first = await repository.get(uid)
    for _ in range(3):
        await manager.reconcile(uid)
    assert not executor.attempts
    repository.late = first
    with pytest.raises(ConflictError):
        await manager.reconcile(uid)
    await repository.delete(uid)
    with pytest.raises(NotFoundError):
        await manager.reconcile(uid)
    assert not executor.attempts


class Going(Wrapped):
    """A repository whose jobs are being deleted, and are still there."""

    async def get(self, uid: str) -> RenderJob | None:
        found = await self.inner.get(uid)
        assert found is not None
        meta = found.metadata.model_copy(update={"deletion_timestamp": EPOCH})
        return found.model_copy(update={"metadata": meta})


async def test_of_a_job_that_is_being_deleted_nothing_starts():
    repository, executor = Going(InMemoryJobRepository()), Rendering()
    uid = (await repository.create(job(frames="1-2"))).metadata.uid
    manager = JobManager(repository, executor, polls=False)
    for _ in range(3):
        await manager.reconcile(uid)
    assert not executor.attempts
    found = await repository.get(uid)
    assert found is not None
    assert found.status.state is State.CANCELLED


class Slow(Rendering):
    """An executor that takes its time for every action, and notes for whom it acts."""

    def __init__(self) -> None:
        super().__init__()
        self.acted: list[str] = []

    async def observe(self, job: RenderJob) -> Observed:
        return Observed(job.metadata.uid, job.metadata.generation)

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        await asyncio.sleep(1)
        self.acted += [job.metadata.name] * len(actions)


def test_a_job_with_much_to_start_does_not_hold_up_another():
    """There is one worker; it acts for the first job until another one waits, and comes back to it later."""

    async def scenario() -> list[str]:
        executor = Slow()
        manager = JobManager(
            InMemoryJobRepository(),
            executor,
            clock=lambda: EPOCH + timedelta(seconds=now()),
            steady=now,
            workers=1,
            polls=False,
        )
        many = {"frames": "1-190", "chunks": {"size": 1}, "parallelism": 190, "retries": {"canary": False}}
        async with manager:
            await manager.submit(job("hog", **many))
            await asyncio.sleep(0.5)
            await manager.submit(job("small", frames="1"))
            while not ("small" in executor.acted and executor.acted.count("hog") >= 190):
                await asyncio.sleep(0.1)
        return executor.acted

    acted = in_virtual_time(scenario())
    assert acted.index("small") < 190


async def test_of_a_job_that_is_gone_nothing_is_kept():
    repository = InMemoryJobRepository()
    async with JobManager(repository, Rendering(), pace=0.001) as manager:
        waiting = None
        for number in range(3):
            uid = await manager.submit(job(f"shot-{number}", parallelism=0))
            waiting = asyncio.create_task(manager.wait(uid))
            await asyncio.sleep(0)
            await manager.delete(uid)
            assert await waiting is None
            manager.wake(uid)  # late news of it
        await asyncio.sleep(0.05)
        kept = [
            name
            for name, value in {**vars(manager), **vars(manager._queue)}.items()
            if isinstance(value, (dict, set)) and value
        ]
        assert kept == []


class FailingOnce(Rendering):
    """An executor whose first attempt fails, and which knows when each began."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[float] = []

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        await super().perform(job, actions)
        for action in actions:
            if isinstance(action, Start):
                self.begun.append(now())
                if len(self.begun) == 1:
                    failed = AttemptObservation(action.attempt.id, Phase.FAILED, exit_code=1)
                    self.attempts[failed.id] = failed


@pytest.mark.parametrize("hours", [-24.0, -1.0, 1.0])
def test_no_wait_is_longer_than_the_wait_itself_whatever_the_clock_does(hours: float):
    """The clock is set two seconds into a backoff of ten."""

    async def scenario() -> list[float]:
        executor = FailingOnce()

        def clock() -> datetime:
            return EPOCH + timedelta(seconds=now(), hours=hours if now() > 2 else 0)

        manager = JobManager(InMemoryJobRepository(), executor, clock=clock, polls=False, steady=now)
        async with manager:
            uid = await manager.submit(job(frames="1", retries={"backoff": {"initial": "10s"}}))
            await asyncio.sleep(3)
            manager.wake(uid)
            await manager.wait(uid)
        return executor.begun

    first, second = in_virtual_time(scenario())
    assert second - first <= 11


class Broken(Rendering):
    """An executor that can't look at a job called bad: a defect, or a refusal that does not pass."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error
        self.looks: list[float] = []

    async def observe(self, job: RenderJob) -> Observed:
        if self.error is not None and job.metadata.name == "bad":
            self.looks.append(now())
            raise self.error
        return await super().observe(job)


def told_of(manager: JobManager) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    manager.watch(lambda job, decision: told.extend((job.metadata.name, e.reason) for e in decision.events))
    return told


def stalled(job: RenderJob) -> str:
    return next(
        (c.reason for c in job.status.conditions if c.type.value == "Stalled" and c.status == "True"), ""
    )


def test_a_defect_is_told_to_its_job_alone_tried_ever_less_often_and_cured(caplog):
    async def scenario() -> None:
        repository = InMemoryJobRepository()
        executor = Broken(RecursionError("too deep"))
        clock = lambda: EPOCH + timedelta(seconds=now())  # noqa: E731
        manager = JobManager(repository, executor, clock=clock, polls=False)
        told = told_of(manager)
        async with manager:
            bad = await manager.submit(job("bad", frames="1-2"))
            await manager.wait(await manager.submit(job("good", frames="1-2")))
            await asyncio.sleep(3600)
            seen = await repository.get(bad)
            assert seen is not None
            assert stalled(seen) == "InternalError"
            assert "RecursionError: too deep" in seen.status.error
            assert told.count(("bad", "InternalError")) == 1
            pauses = [round(later - sooner, 3) for sooner, later in pairwise(executor.looks)]
            assert pauses == sorted(pauses)
            assert pauses[-1] == pytest.approx(300)
            executor.error = None
            manager.wake(bad)
            cured = await manager.wait(bad)
            assert cured is not None
            assert (cured.status.state.value, stalled(cured), cured.status.error) == ("Completed", "", "")

    in_virtual_time(scenario())


def test_what_can_not_be_done_for_good_is_an_event_and_what_passes_is_none():
    class PassingError(Exception):
        transient = True

    async def scenario(cause: Exception) -> list[tuple[str, str]]:
        error = ExecutorError("pods can't be read: pods is forbidden")
        error.__cause__ = cause
        manager = JobManager(
            InMemoryJobRepository(),
            Broken(error),
            clock=lambda: EPOCH + timedelta(seconds=now()),
            polls=False,
        )
        told = told_of(manager)
        async with manager:
            await manager.submit(job("bad"))
            await asyncio.sleep(3600)
        return told

    assert in_virtual_time(scenario(ValueError())) == [("bad", "NotDone")]
    assert in_virtual_time(scenario(PassingError())) == []


class Unwritable(Wrapped):
    """A repository that answers the writes of one job as an API server answers those of one that is too large."""

    def __init__(self, error: Exception) -> None:
        super().__init__(InMemoryJobRepository())
        self.error = error
        self.tries: list[float] = []

    async def save_status(self, job: RenderJob) -> RenderJob:
        if job.metadata.name != "bad":
            return await self.inner.save_status(job)
        self.tries.append(now())
        raise self.error


class ServerError(Exception):
    transient = True


def refused_with(error: RepositoryError, cause: Exception) -> RepositoryError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [RepositoryError("etcdserver: too large"), TooLargeError("1500 KiB")])
def test_a_job_whose_status_can_not_be_written_is_told_so_once_and_tried_ever_less_often(error):
    """The API server says 500 as if all was in trouble, while it takes what others write."""

    async def scenario() -> None:
        repository = Unwritable(refused_with(error, ServerError()))
        clock = lambda: EPOCH + timedelta(seconds=now())  # noqa: E731
        manager = JobManager(repository, Rendering(), clock=clock, polls=False)
        told = told_of(manager)
        async with manager:
            await manager.submit(job("bad", frames="1-2"))
            for number in range(60):
                good = await manager.wait(await manager.submit(job(f"good-{number}", frames="1-2")))
                assert good is not None
                assert good.status.state.value == "Completed"
                await asyncio.sleep(60)
        assert [reason for name, reason in told if name == "bad"] == ["NotDone"]
        assert len(repository.tries) < 40, "in an hour"
        assert repository.tries[-1] - repository.tries[-2] == pytest.approx(300)

    in_virtual_time(scenario())


def test_while_nobody_can_write_nobody_is_told_that_it_is_his_trouble():
    async def scenario() -> None:
        repository = Unwritable(refused_with(RepositoryError("the API server is away"), ServerError()))
        manager = JobManager(
            repository, Rendering(), clock=lambda: EPOCH + timedelta(seconds=now()), polls=False
        )
        told = told_of(manager)
        async with manager:
            await manager.wait(await manager.submit(job("good", frames="1-2")))
            told.clear()
            await manager.submit(job("bad", frames="1-2"))
            await asyncio.sleep(3600)
        assert told == []
        assert max(later - sooner for sooner, later in pairwise(repository.tries)) == pytest.approx(30)

    in_virtual_time(scenario())


class Damaged(Wrapped):
    """A repository with a status that can't be read as a whole, until it is written."""

    def __init__(self) -> None:
        super().__init__(InMemoryJobRepository())
        self.damaged = True

    async def get(self, uid: str) -> RenderJob | None:
        found = await self.inner.get(uid)
        if found is not None and self.damaged:
            raise DamagedStatusError(found, "status.progress: 700")
        return found

    async def save_status(self, job: RenderJob) -> RenderJob:
        self.damaged = False
        return await self.inner.save_status(job)


def test_a_damaged_status_is_mended_once_told_and_gone_on_from():
    async def scenario() -> list[tuple[str, str]]:
        manager = JobManager(
            Damaged(), Rendering(), clock=lambda: EPOCH + timedelta(seconds=now()), polls=False
        )
        told = told_of(manager)
        async with manager:
            done = await manager.wait(await manager.submit(job("a", frames="1-2")))
            assert done is not None
            assert done.status.state.value == "Completed"
        return told

    assert in_virtual_time(scenario())[0] == ("a", "StatusRepaired")
