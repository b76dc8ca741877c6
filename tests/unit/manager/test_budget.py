"""Looks that cost too much: only the job that they are at has to wait, it is told, and the loop turns meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from harness.waiting import patient
from renderjob.api import ConditionType, RenderJob, RenderJobSpec, RenderJobStatus, State
from renderjob.core import Decision, Observed, decide
from renderjob.manager import Budget, JobManager, Lane, TookTooLongError
from renderjob.manager import manager as manager_module
from renderjob.manager.budget import ALLOWED, FIRST, LONGEST, Weight
from renderjob.manager.lane import ABANDONED
from renderjob.manager.meter import Meter
from renderjob.manager.queue import WorkQueue
from renderjob.repositories import InMemoryJobRepository
from support.jobs import job
from unit.manager.test_manager import Rendering


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def look(budget: Budget, seconds: float, *, uid: str = "a", generation: int = 1) -> float:
    """A look that takes so long. Returns how long the job must wait then."""
    budget.begin(uid)
    budget.read_generation(uid, generation)
    budget.spend(uid, seconds)
    budget.end(uid)
    return budget.pause(uid)


# -- the account ------------------------------------------------------------------------------------------------------


def test_a_job_uses_no_more_than_its_share_of_the_time():
    clock = Clock()
    budget, spent = Budget(share=0.1, clock=clock), 0.0
    for _ in range(200):
        clock.now += look(budget, 0.3) + 0.3
        spent += 0.3
    assert spent <= clock.now * 0.1 * 1.01


def test_a_job_that_costs_too_much_waits_ever_longer_but_not_for_ever():
    budget = Budget(clock=Clock())
    pauses = [look(budget, 2.0) for _ in range(12)]
    assert pauses[0] == FIRST, "what it took may have been for once"
    assert all(later >= sooner for sooner, later in pairwise(pauses))
    assert pauses[3] > 2 * 2.0 * 9
    assert pauses[-1] == LONGEST


def test_one_costly_look_is_not_told_and_two_are():
    budget = Budget(clock=Clock())
    look(budget, ALLOWED * 4)
    assert budget.slowed("a") == ""
    look(budget, ALLOWED * 4)
    told = budget.slowed("a")
    assert "takes 2s of computing, which is more than 0.5s" in told
    look(budget, ALLOWED * 5)
    assert budget.slowed("a") == told, "the status is not written for each of them"
    assert budget.slowed_jobs == 1
    assert look(budget, 0.001) < 0.1
    assert budget.slowed("a") == ""
    assert budget.slowed_jobs == 0


def test_who_mends_the_manifest_does_not_wait_for_what_it_was():
    clock = Clock()
    budget = Budget(clock=clock)
    for _ in range(10):
        look(budget, 2.0)
    budget.observe_generation("a", 1)
    assert budget.pause("a") == LONGEST, "the same manifest, told of again"
    budget.observe_generation("a", 2)
    assert budget.pause("a") == 2.0 * 9
    look(budget, 0.001, generation=2)
    assert budget.weight("a") is Weight.LIGHT


def test_weights():
    budget = Budget(clock=Clock())
    assert budget.weight("a") is Weight.UNKNOWN
    look(budget, 0.001)
    assert budget.weight("a") is Weight.LIGHT
    budget.observe_generation("a", 2)
    assert budget.weight("a") is Weight.UNKNOWN, "another manifest may cost anything"
    look(budget, 0.1, generation=2)
    assert budget.weight("a") is Weight.UNKNOWN
    look(budget, ALLOWED * 2, generation=2)
    assert budget.weight("a") is Weight.HEAVY
    budget.forget("a")
    assert budget.weight("a") is Weight.UNKNOWN


async def test_heavy_keys_do_not_hold_up_light_ones():
    heavy = {"h1", "h2"}
    queue = WorkQueue(lambda key: Weight.HEAVY if key in heavy else Weight.LIGHT)
    for key in ("h1", "h2", "light"):
        queue.add(key)
    assert await queue.get(Weight.LIGHT) == "light"
    assert await queue.get(Weight.HEAVY) == "h1"
    queue.add("h1")
    assert await queue.get(Weight.HEAVY) == "h2", "h1 is being worked on"
    heavy.clear()
    queue.done("h1")
    assert await queue.get(Weight.LIGHT) == "h1", "it waits where it belongs by then"


async def test_the_meter_counts_computing_and_no_waiting():
    def compute(seconds: float) -> None:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass

    async def both() -> str:
        compute(0.02)
        await asyncio.sleep(0.3)
        compute(0.02)
        return "done"

    meter = Meter(both())
    assert await meter == "done"
    assert meter.seconds >= 0.04

    async def only_waits() -> None:
        await asyncio.sleep(0.3)

    meter = Meter(only_waits())
    await meter
    assert meter.seconds < 0.3


async def test_what_is_cancelled_under_the_meter_is_cancelled():
    seen: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def metered() -> None:
        await Meter(waits())

    task = asyncio.create_task(metered())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]


# -- the lane ---------------------------------------------------------------------------------------------------------


async def test_the_loop_turns_while_something_is_done_in_the_lane():
    lane, go = Lane(Budget()), threading.Event()
    lane.budget.begin("a")
    waiting = asyncio.create_task(lane.run("a", lambda: go.wait(patient())))
    for _ in range(3):
        await asyncio.sleep(0.01)
    assert not waiting.done()
    go.set()
    assert await waiting is True


async def test_what_fails_in_the_lane_fails_for_who_asked():
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Lane(Budget()).run("a", fails)


async def test_who_is_expected_to_take_the_least_goes_first():
    budget = Budget()
    lane, go, order = Lane(budget), threading.Event(), list[str]()
    look(budget, 3.0, uid="slow")
    look(budget, 0.001, uid="quick")
    first = asyncio.create_task(lane.run("first", lambda: go.wait(patient())))
    await asyncio.sleep(0)
    others = [
        asyncio.create_task(lane.run(uid, lambda uid=uid: order.append(uid)))
        for uid in ("slow", "unknown", "quick")
    ]
    await asyncio.sleep(0)
    assert len(lane) == 3
    go.set()
    await asyncio.gather(first, *others)
    assert order == ["quick", "unknown", "slow"]


def for_ever(stop: threading.Event, *, stubborn: bool = False) -> None:
    """Compute until told to stop; a stubborn one can't be ended by an exception, as code in C can't."""
    while not stop.is_set():
        try:
            while not stop.is_set():
                pass
        except BaseException:
            if not stubborn:
                raise


def lane_threads() -> int:
    return sum(thread.name.startswith("lane ") for thread in threading.enumerate())


async def test_what_is_never_over_is_ended_and_burns_no_thread():
    lane, stop = Lane(Budget(), limit=0.2), threading.Event()
    try:
        with pytest.raises(TookTooLongError):
            await lane.run("endless", lambda: for_ever(stop))
        async with asyncio.timeout(patient()):
            while lane_threads():
                await asyncio.sleep(0.01)
        assert await lane.run("endless", lambda: "once more") == "once more"
    finally:
        stop.set()


async def test_what_cant_be_ended_is_left_alone_and_the_others_go_on():
    lane, stop = Lane(Budget(), limit=0.2), threading.Event()
    try:
        with pytest.raises(TookTooLongError):
            await lane.run("endless", lambda: for_ever(stop, stubborn=True))
        assert await lane.run("other", lambda: "decided") == "decided"
        with pytest.raises(TookTooLongError):
            await lane.run("endless", lambda: "not twice at a time")
    finally:
        stop.set()


async def test_a_namespace_burns_so_many_threads_and_no_more():
    lane, stop = Lane(Budget(), limit=0.1), threading.Event()
    before = lane_threads()
    try:
        for number in range(ABANDONED + 3):
            with pytest.raises(TookTooLongError):
                await lane.run(f"{number}", lambda: for_ever(stop, stubborn=True), "hostile")
        assert lane_threads() - before == ABANDONED
        assert await lane.run("healthy", lambda: "decided", "other") == "decided"
    finally:
        stop.set()


async def test_a_namespace_of_many_unknown_jobs_does_not_hold_up_another():
    lane, go, order = Lane(Budget()), threading.Event(), list[str]()

    def one(group: str) -> asyncio.Task[None]:
        return asyncio.create_task(lane.run(f"{group}-{len(tasks)}", lambda: order.append(group), group))

    tasks = [asyncio.create_task(lane.run("first", lambda: go.wait(patient()), "many"))]
    for _ in range(50):
        tasks.append(one("many"))
    tasks.append(one("single"))
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    assert order.index("single") == 0


async def test_what_takes_more_than_a_moment_does_not_hold_up_other_groups():
    lane, go = Lane(Budget(), moment=0.01), threading.Event()
    slow = asyncio.create_task(lane.run("slow", lambda: go.wait(patient()), "many"))
    same = asyncio.create_task(lane.run("next", lambda: "next", "many"))
    assert await lane.run("healthy", lambda: "decided", "other") == "decided"
    assert not slow.done()
    assert not same.done(), "of one group one thing is done at a time"
    go.set()
    assert await slow is True
    assert await same == "next"


async def test_who_waits_for_a_processor_is_not_given_up():
    """Time is the thread's own: on a busy machine everything takes longer."""
    lane = Lane(Budget(), limit=0.05)
    assert await lane.run("patient", lambda: time.sleep(0.5)) is None


# -- the manager ------------------------------------------------------------------------------------------------------


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Decisions on jobs with 7 frames cost as much as is said here."""
    cost = [0.0]

    def slow(spec: RenderJobSpec, status: RenderJobStatus, observed: Observed, now: datetime) -> Decision:
        if spec.frames == "1-7":
            until = time.thread_time() + cost[0]
            while time.thread_time() < until:
                pass
        return decide(spec, status, observed, now)

    monkeypatch.setattr(manager_module, "decide", slow)
    yield lambda seconds: cost.__setitem__(0, seconds)
    cost[0] = 0.0


async def reached(repository: InMemoryJobRepository, uid: str, fits: Callable[[RenderJob], Any]) -> RenderJob:
    async with asyncio.timeout(patient()):
        while True:
            found = await repository.get(uid)
            assert found is not None
            if fits(found):
                return found
            await asyncio.sleep(0.01)


def conditions_of(job: RenderJob) -> dict[str, str]:
    return {c.type: c.message for c in job.status.conditions if c.status == "True"}


async def test_costly_jobs_do_not_hold_up_the_others(costly):
    """Whatever decisions on the others cost, a job whose looks are quick is looked at again and again."""
    repository = InMemoryJobRepository()
    async with JobManager(repository, Rendering(), lane=Lane(Budget()), polls=False, workers=4) as manager:
        healthy = await manager.submit(job("healthy", frames="1-50", chunks={"size": 1}, parallelism=1))
        await reached(repository, healthy, lambda j: j.status.completed_frames >= 2)
        costly(0.5)
        slow = [await manager.submit(job(f"slow-{n}", frames="1-7", parallelism=0)) for n in range(30)]

        await manager.wait(healthy)

        found = [await repository.get(uid) for uid in slow]
        assert any(each.status.created_at is None for each in found), "it did not wait for all of them"
        costly(0.0)


async def test_a_job_that_costs_too_much_is_told_what_and_what_to_do(costly, monkeypatch):
    monkeypatch.setattr("renderjob.manager.budget.FIRST", 0.01)
    repository, told = InMemoryJobRepository(), list[str]()
    clock = Clock()
    lane = Lane(Budget(0.02, clock=clock))
    async with JobManager(repository, Rendering(), lane=lane, polls=False) as manager:
        manager.watch(lambda _, decision: told.extend(event.reason for event in decision.events))
        costly(0.05)
        uid = await manager.submit(job(frames="1-7", parallelism=0))

        async def look_until(fits: Callable[[RenderJob], bool]) -> RenderJob:
            """Time goes by, and the job is looked at."""
            async with asyncio.timeout(patient()):
                while not ((found := await repository.get(uid)) and fits(found)):
                    clock.now += LONGEST
                    manager.wake(uid)
                    await asyncio.sleep(0.05)
            return found

        found = await look_until(lambda j: ConditionType.SLOWED in conditions_of(j))
        sentence = conditions_of(found)[ConditionType.SLOWED]
        assert "of computing, which is more than 0.02s" in sentence
        assert sentence.endswith("a smaller manifest costs less")
        assert told.count("TooCostly") == 1
        costly(0.0)
        await look_until(lambda j: ConditionType.SLOWED not in conditions_of(j))
        assert told.count("TooCostly") == 1


async def test_a_job_on_which_no_decision_is_ever_found_is_told_and_starts_nothing(costly):
    repository = InMemoryJobRepository()
    lane = Lane(Budget(), limit=0.2)
    async with JobManager(repository, Rendering(), lane=lane, polls=False) as manager:
        costly(1.0)
        uid = await manager.submit(job(frames="1-7"))
        found = await reached(repository, uid, lambda j: j.status.created_at is not None)
        assert found.status.state is State.PENDING
        assert "no decision was found in" in conditions_of(found)[ConditionType.STALLED]
        assert found.status.in_flight == []
        healthy = await manager.submit(job("healthy", frames="1-2"))
        assert (await manager.wait(healthy)).status.state is State.COMPLETED
        costly(0.0)


async def test_nothing_is_kept_of_the_cost_of_a_job_that_is_gone():
    repository, budget = InMemoryJobRepository(), Budget()
    async with JobManager(repository, Rendering(), lane=Lane(budget), polls=False) as manager:
        uid = await manager.submit(job(frames="1-2"))
        await manager.wait(uid)
        await manager.delete(uid)
        async with asyncio.timeout(patient()):
            while budget._costs:
                await asyncio.sleep(0.01)
        manager.wake(uid)
        await asyncio.sleep(0.05)
        assert budget._costs == {}
