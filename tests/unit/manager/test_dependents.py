"""Jobs that are made from others' frames are looked at when those get on, are made, or go; and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from harness.waiting import patient
from renderjob.api import RenderJob, State
from renderjob.core import Action, Observed
from renderjob.manager import JobManager
from renderjob.repositories import InMemoryJobRepository
from support.jobs import job
from support.rendering import Rendering


class Several:
    """An executor for each job, as a cluster has room for several."""

    def __init__(self) -> None:
        self.each: dict[str, Rendering] = {}
        self.held: set[str] = set()

    def subscribe(self, listener) -> None:
        self.tell = listener

    def of(self, uid: str) -> Rendering:
        if uid not in self.each:
            self.each[uid] = Rendering()
            self.each[uid].subscribe(self.tell)
        return self.each[uid]

    async def observe(self, job: RenderJob) -> Observed:
        return await self.of(job.metadata.uid).observe(job)

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        await self.of(job.metadata.uid).perform(job, actions)

    async def abandon(self, uid: str) -> None:
        await self.of(uid).abandon(uid)


def manager() -> JobManager:
    # Nothing polls: only what the manager knows itself wakes a job.
    return JobManager(InMemoryJobRepository(), Several(), polls=False)


def comp(**fields) -> RenderJob:
    return job("comp", frames="1-6", chunks={"size": 2}, dependsOn=[{"name": "render"}], **fields)


async def test_a_job_goes_on_as_the_other_gets_on():
    working = manager()
    async with working:
        waiting = await working.submit(comp())
        await asyncio.sleep(0.05)
        assert (await working.get(waiting)).status.completed_frames == 0
        await working.submit(job("render", frames="1-6", chunks={"size": 1}, parallelism=1))
        async with asyncio.timeout(patient()):
            done = await working.wait(waiting)
    assert done.status.state is State.COMPLETED


async def test_a_job_of_another_namespace_is_another_job():
    working = manager()
    async with working:
        waiting = await working.submit(comp())
        other = job("render", frames="1-6")
        meta = other.metadata.model_copy(update={"namespace": "elsewhere"})
        async with asyncio.timeout(patient()):
            await working.wait(await working.submit(other.model_copy(update={"metadata": meta})))
        await asyncio.sleep(0.05)
        there = await working.get(waiting)
    assert there.status.state is State.PENDING
    assert there.status.error.startswith("there is no RenderJob render in this namespace")


async def test_that_the_other_job_is_gone_is_told():
    working = manager()
    async with working:
        other = await working.submit(job("render", frames="1-6", parallelism=0))
        waiting = await working.submit(comp())
        while "render is Pending" not in str((await working.get(waiting)).status.conditions):
            await asyncio.sleep(0.01)
        await working.delete(other)
        working.wake(other)
        async with asyncio.timeout(patient()):
            while not (await working.get(waiting)).status.error:
                await asyncio.sleep(0.01)
