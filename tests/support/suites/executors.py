"""What every JobExecutor must do: a class of tests inherits this and has a fixture `site` (`support.sites`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest

from harness.waiting import Deadline
from renderjob.api import RenderJob, WaitReason
from renderjob.core import AttemptObservation, Forget, Observed, Phase, Start, Stop, StopReason
from renderjob.core.inflight import InFlight
from renderjob.manager import JobExecutor
from support.sites import EXIT_CODE, LAST_WORDS, STOPPED, Does, Site, attempt

T = TypeVar("T")


def in_flight(job: RenderJob, *ids: int) -> RenderJob:
    """The job once it is written down that these attempts start."""
    entries = [
        InFlight(each.id, each.kind, each.frames, each.chunk, each.number) for each in map(attempt, ids)
    ]
    status = job.status.model_copy(update={"in_flight": [entry.text() for entry in entries]})
    return job.model_copy(update={"status": status})


async def begun(executor: JobExecutor, job: RenderJob, *ids: int) -> RenderJob:
    """Have attempts started as a manager would: observed, written down, performed."""
    await executor.observe(job)
    job = in_flight(job, *ids)
    await executor.perform(job, [Start(attempt(id_)) for id_ in ids])
    return job


async def eventually(what: Callable[[], Awaitable[T]], words: str) -> T:
    deadline = Deadline()
    while not (value := await what()):
        if deadline.over:
            raise AssertionError(f"waited {deadline.waited:.0f} s in vain for {words}")
        await asyncio.sleep(0.02)
    return value


def find(observed: Observed, id_: int = 1) -> AttemptObservation | None:
    found = [seen for seen in observed.attempts if seen.id == id_]
    assert len(found) < 2, found
    return found[0] if found else None


async def seen(
    executor: JobExecutor, job: RenderJob, fits: Callable[[AttemptObservation], object], id_: int = 1
) -> AttemptObservation:
    """Wait until an attempt is observed like this."""
    last: list[AttemptObservation | None] = [None]

    async def fitting() -> AttemptObservation | None:
        last[0] = found = find(await executor.observe(job), id_)
        return found if found is not None and fits(found) else None

    try:
        found = await eventually(fitting, f"attempt {id_}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {last[0]}") from None
    assert found is not None
    return found


async def over(executor: JobExecutor, job: RenderJob, id_: int = 1) -> AttemptObservation | None:
    """Wait until an attempt has ended, or is not there any more."""

    async def ended() -> list[AttemptObservation | None]:
        found = find(await executor.observe(job), id_)
        return [found] if found is None or found.finished else []

    return (await eventually(ended, f"the end of attempt {id_}"))[0]


async def idle(site: Site, job: RenderJob) -> bool:
    return not await site.busy(job)


def running(found: AttemptObservation) -> bool:
    return not found.finished and found.started_at is not None


def finished(found: AttemptObservation) -> bool:
    return found.finished


class JobExecutorSuite:
    """Where an attempt starts at once, or after others."""

    async def test_a_job_of_which_nothing_was_started_has_no_attempts(self, site):
        job = await site.submit("shot")
        async with site.executor() as executor:
            observed = await executor.observe(job)
        assert observed.uid == job.metadata.uid
        assert observed.generation == job.metadata.generation
        assert observed.attempts == ()
        assert observed.refused is None

    async def test_an_attempt_is_observed_from_when_it_was_started_and_then_as_running(self, site):
        job = await site.submit("shot")
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            at_once = find(await executor.observe(job))
            assert at_once is not None
            assert not at_once.finished
            found = await seen(executor, job, running)
            assert found.finished_at is None
            assert found.waiting is None
            assert await site.busy(job)

    async def test_an_attempt_is_started_once_however_often_it_is_asked_for(self, site):
        job = await site.submit("shot")
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            await asyncio.gather(*(executor.perform(job, [Start(attempt())]) for _ in range(3)))
            await seen(executor, job, running)
            await executor.perform(job, [Start(attempt())])
            names = await eventually(lambda: site.began(job), "the workload")
            assert len(names) == 1
        async with site.executor() as anew:
            await anew.observe(job)
            await anew.perform(job, [Start(attempt())])
            await seen(anew, job, lambda _: True)
            assert await site.began(job) == names

    async def test_an_executor_made_anew_observes_what_was_started_and_whether_it_runs(self, site):
        job = await site.submit("shot")
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            await seen(executor, job, running)
        async with site.executor() as anew:
            found = await seen(anew, job, lambda _: True)
            assert found.finished is not await site.busy(job)
            assert found.phase in (Phase.RUNNING, Phase.LOST)
            await anew.perform(job, [Stop(1, StopReason.CANCEL)])
            await over(anew, job)
            await eventually(lambda: idle(site, job), "its end")

    async def test_an_attempt_that_succeeds_has_its_times(self, site):
        job = await site.submit("shot", Does.SUCCEED)
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            found = await seen(executor, job, finished)
        assert found.phase is Phase.SUCCEEDED
        assert found.exit_code == 0
        assert found.started_at is not None
        assert found.finished_at is not None
        assert timedelta() <= found.finished_at - found.started_at

    async def test_an_attempt_that_fails_has_its_exit_code_and_what_it_said(self, site):
        job = await site.submit("shot", Does.FAIL)
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            found = await seen(executor, job, finished)
            assert found.phase is Phase.FAILED
            assert found.exit_code == EXIT_CODE
            assert LAST_WORDS in found.log
            assert found.started_at is not None
            assert found.finished_at is not None
            assert not (found.config or found.out_of_memory or found.timed_out)
            again = find(await executor.observe(job))
            assert again == found, "it is observed until it is forgotten"

    async def test_attempts_of_one_job_run_side_by_side_and_end_each_by_itself(self, site):
        job = await site.submit("shot", parallelism=3)
        async with site.executor() as executor:
            job = await begun(executor, job, 1, 2, 3)
            for id_ in (1, 2, 3):
                await seen(executor, job, running, id_)
            await executor.perform(job, [Stop(2, StopReason.CANCEL)])
            await over(executor, job, 2)
            for id_ in (1, 3):
                found = find(await executor.observe(job), id_)
                assert found is not None
                assert running(found)

    async def test_many_attempts_are_started_at_once(self, site):
        ids = range(1, 13)
        job = await site.submit("shot", Does.SUCCEED, parallelism=len(ids))
        async with site.executor() as executor:
            job = await begun(executor, job, *ids)
            for id_ in ids:
                assert (await seen(executor, job, finished, id_)).phase is Phase.SUCCEEDED

    @pytest.mark.parametrize("reason", [StopReason.CANCEL, StopReason.TIMED_OUT])
    async def test_a_stopped_attempt_ends_and_is_no_success(self, site, reason):
        job = await site.submit("shot")
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            await seen(executor, job, running)
            await executor.perform(job, [Stop(1, reason), Stop(1, reason)])
            ended = await over(executor, job)
            if not reason.free:
                assert ended is not None, "what did wrong is there to be looked at"
            if ended is not None:
                assert ended.phase in (Phase.FAILED, Phase.LOST)
                assert ended.exit_code in (None, STOPPED), "it is asked to end, and has time for it"
            await eventually(lambda: idle(site, job), "its end")
            await executor.perform(job, [Stop(1, reason)])

    @pytest.mark.parametrize("does", [Does.SUCCEED, Does.FAIL])
    async def test_what_has_ended_is_observed_until_it_is_forgotten(self, site, does):
        job = await site.submit("shot", does, parallelism=2)
        async with site.executor() as executor:
            job = await begun(executor, job, 1, 2)
            for id_ in (1, 2):
                await seen(executor, job, finished, id_)
            assert find(await executor.observe(in_flight(job, 2))) is not None, (
                "though its end is in the status"
            )
            for _ in range(2):
                await executor.perform(in_flight(job, 2), [Forget(1, failed=does is Does.FAIL)])
                assert find(await executor.observe(in_flight(job, 2))) is None
            assert find(await executor.observe(in_flight(job, 2)), 2) is not None
        async with site.executor() as anew:
            await anew.observe(in_flight(job, 2))

            async def gone() -> bool:
                return find(await anew.observe(in_flight(job, 2))) is None

            await eventually(gone, "the end of what was forgotten")

    async def test_actions_on_attempts_that_are_not_there_do_nothing(self, site):
        job = await site.submit("shot")
        async with site.executor() as executor:
            await executor.observe(job)
            vain = [Stop(7, StopReason.CANCEL), Forget(7, failed=False), Forget(8, failed=True)]
            await executor.perform(job, vain)
            assert (await executor.observe(job)).attempts == ()
            assert not await site.busy(job)

    async def test_the_attempts_of_another_job_are_neither_observed_nor_touched(self, site):
        job, other = await site.submit("shot"), await site.submit("other")
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            await seen(executor, job, running)
            assert (await executor.observe(other)).attempts == ()
            await executor.perform(other, [Stop(1, StopReason.CANCEL), Forget(1, failed=False)])
            await executor.abandon(other.metadata.uid)
            await executor.abandon("nobody-s")
            found = find(await executor.observe(job))
            assert found is not None
            assert running(found)
            assert await site.busy(job)

    async def test_a_job_made_anew_under_the_same_name_has_nothing_of_the_one_before(self, site):
        job = await site.submit("shot")
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            await seen(executor, job, running)
            await site.remove(job)
            anew = await site.submit("shot")
            assert (await executor.observe(anew)).attempts == ()
            await executor.abandon(job.metadata.uid)
            anew = await begun(executor, anew, 1)
            await seen(executor, anew, running)
            assert await site.busy(anew)

    async def test_of_a_job_that_is_gone_nothing_is_left(self, site):
        job = await site.submit("shot", parallelism=2)
        async with site.executor() as executor:
            job = await begun(executor, job, 1, 2)
            for id_ in (1, 2):
                await seen(executor, job, running, id_)
            await site.remove(job)
            await executor.abandon(job.metadata.uid)

            async def nothing() -> bool:
                return not await site.left(job)

            await eventually(nothing, "the end of all that was the job's")
            await executor.abandon(job.metadata.uid)

    async def test_a_start_that_can_not_be_made_says_why_and_starts_nothing(self, site):
        job = await site.submit("shot", Does.UNABLE)
        async with site.executor() as executor:
            job = await begun(executor, job, 1)
            observed = await executor.observe(job)
            found = find(observed)
            if found is not None:
                assert found.finished
                assert found.config
            else:
                assert observed.refused is not None
                assert observed.refused.reason
                assert observed.refused.message
            assert not await site.busy(job)

    async def test_whoever_subscribed_is_told_that_an_attempt_has_ended(self, site):
        job, told = await site.submit("shot", Does.SUCCEED), []
        async with site.executor() as executor:
            executor.subscribe(told.append)
            job = await begun(executor, job, 1)

            async def heard() -> bool:
                return bool(told)

            # Each time that it is told it looks, as a manager does; between two it has no reason to.
            while True:
                await eventually(heard, "news")
                told.clear()
                found = find(await executor.observe(job))
                assert found is not None
                if found.finished:
                    break


class QueueSuite(JobExecutorSuite):
    """Where an attempt may have to wait."""

    async def test_an_attempt_that_has_to_wait_says_for_what(self, site):
        async with site.executor() as executor:
            job = await begun(executor, await site.held_up(executor), 1)
            found = await seen(executor, job, lambda found: found.waiting)
            assert not found.finished
            assert found.started_at is None
            assert found.waiting is not None
            assert found.waiting.reason in (WaitReason.IMAGE, WaitReason.QUEUED)
            assert found.waiting.message
            await executor.perform(job, [Stop(1, StopReason.CANCEL)])
            await over(executor, job)


class ClusterSuite(QueueSuite):
    """Where attempts run on when their executor ends."""

    async def test_two_executors_that_do_not_know_of_each_other_start_an_attempt_once(self, site):
        """The manager before was cut off, and does not know that it leads no more."""
        job = await site.submit("shot")
        async with site.executor() as before, site.executor() as now:
            await now.observe(job)
            await asyncio.gather(*(begun(executor, job, 1) for executor in (before, now)))
            job = in_flight(job, 1)
            for executor in (before, now):
                await seen(executor, job, running)
            assert len(await site.began(job)) == 1
