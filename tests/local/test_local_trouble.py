"""Trouble around a run: a store whose writes fail, records that vanish, other writers, broken watchers."""

from __future__ import annotations

import asyncio

import pytest

from harness.waiting import patient
from renderjob.api import State
from renderjob.manager import ExecutorError
from renderjob.repositories import SQLiteJobRepository
from support.local import HOLD, PNG, WRITE, farm, processes_of, until
from support.wrapped import Failing, Interfering, Unreadable

DEAF = f"trap '' TERM; echo up > up; {HOLD.replace('go', 'never')}"
FAILURES = {
    "for a while": lambda number: 2 <= number <= 6,
    "now and then": lambda number: number % 2 == 0,
    "the first": lambda number: number == 1,
}


@pytest.mark.parametrize("done", [False, True], ids=["not written", "written, but not told"])
@pytest.mark.parametrize("when", FAILURES)
@pytest.mark.parametrize("memory", [False, True], ids=["sqlite", "memory"])
async def test_writes_that_fail_lose_nothing_and_count_nothing_twice(tmp_path, memory, when, done):
    def wrap(inner):
        return Failing(inner, FAILURES[when], done=done)

    async with farm(tmp_path, memory=memory, wrap=wrap) as here:
        script = f"[ $RENDER_ATTEMPT = 2 ] || [ $RENDER_START != 5 ] || exit 4; {WRITE}"
        job = await here.run(script, chunks={"size": 2}, parallelism=2, output=PNG)
        assert here.repository.calls > 2
        assert sorted(map(int, here.lines())) == list(range(1, 11))
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.succeeded == 5
    assert job.status.attempts.failed == 1
    assert job.status.attempts.disrupted == 0
    assert job.status.next_attempt == 7


async def test_a_store_that_cannot_be_read_for_a_while_does_not_end_the_manager(tmp_path):
    async with farm(tmp_path, wrap=Unreadable) as here:
        uid = await here.submit(f"{HOLD}; {WRITE}", output=PNG)
        await here.reached(uid, lambda job: job.status.active == 1)
        here.repository.away = True
        here.go()
        await until(lambda: len(here.lines()) == 10)
        here.repository.away = False
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.succeeded == 1


async def test_other_writers_are_no_trouble(tmp_path):
    def wrap(inner):
        return Interfering(inner, lambda number: number % 2 == 1)

    async with farm(tmp_path, wrap=wrap) as here:
        job = await here.run(chunks={"size": 1}, parallelism=2, output=PNG)
        assert sorted(map(int, here.lines())) == list(range(1, 11))
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.succeeded == 10
    assert job.metadata.labels, "what the others wrote stands"


async def test_another_process_that_edits_all_the_time_is_not_undone(tmp_path):
    async with farm(tmp_path) as here, SQLiteJobRepository(here.store.database) as theirs:
        uid = await here.submit(chunks={"size": 1}, frames="1-30", parallelism=2, output=PNG)
        edits = 0
        while not (job := await theirs.get(uid)).status.state.terminal:
            edits += 1
            metadata = job.metadata.model_copy(update={"labels": {"edit": str(edits)}})
            try:
                await theirs.save(job.model_copy(update={"metadata": metadata}))
            except Exception as error:
                assert type(error).__name__ == "ConflictError"
                edits -= 1
            await asyncio.sleep(0.005)
        job = await here.end(uid)
    assert edits > 0
    assert job.metadata.labels == {"edit": str(edits)}
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.succeeded == 30


@pytest.mark.parametrize("memory", [False, True], ids=["sqlite", "memory"])
async def test_a_record_that_vanishes_ends_its_processes(tmp_path, memory):
    async with farm(tmp_path, memory=memory) as here:
        uid = await here.submit(f"sh -c '{HOLD}' & {HOLD}", output=PNG)
        await until(lambda: len(processes_of(uid)) >= 2)
        waiting = asyncio.create_task(here.manager.wait(uid))
        await here.repository.delete(uid)
        assert await asyncio.wait_for(waiting, patient()) is None
        await until(lambda: not processes_of(uid))
        assert here.out.exists()


async def test_a_record_that_another_process_deletes_ends_its_processes(tmp_path):
    async with farm(tmp_path) as here, SQLiteJobRepository(here.store.database) as theirs:
        uid = await here.submit(HOLD)
        await until(lambda: processes_of(uid))
        waiting = asyncio.create_task(here.manager.wait(uid))
        await here.reached(uid, lambda job: job.status.active == 1)
        await theirs.delete(uid)
        assert await asyncio.wait_for(waiting, patient()) is None
        await until(lambda: not processes_of(uid))


async def test_wait_of_a_deleted_job_returns_when_its_processes_have_ended(tmp_path):
    async with farm(tmp_path, memory=True) as here:
        uid = await here.submit(DEAF, grace=1)
        await until(lambda: here.lines("up"))
        waiting = asyncio.create_task(here.manager.wait(uid))
        deleting = asyncio.create_task(here.manager.delete(uid))
        assert await waiting is None
        assert not here.executor.attempts(uid), "wait returned before the processes had ended"
        assert await deleting


async def test_a_job_whose_processes_do_not_end_does_not_hold_up_another(tmp_path):
    async with farm(tmp_path) as here, SQLiteJobRepository(here.store.database) as theirs:
        deaf = await here.submit(DEAF, name="deaf", grace=600)
        await until(lambda: here.lines("up"))
        await theirs.delete(deaf)
        await here.gone(deaf)
        job = await here.run("exit 0", name="other")
        assert job.status.state is State.COMPLETED
        assert processes_of(deaf)
        here.executor.kill_all()


async def test_an_executor_that_cannot_observe_for_a_while_fails_no_chunk(tmp_path, monkeypatch):
    async with farm(tmp_path) as here:
        real, calls = here.executor.observe, 0

        async def observe(job):
            nonlocal calls
            calls += 1
            if calls % 2:
                raise ExecutorError("the connection was reset")
            return await real(job)

        monkeypatch.setattr(here.executor, "observe", observe)
        job = await here.run(chunks={"size": 2}, parallelism=2, output=PNG)
        assert sorted(map(int, here.lines())) == list(range(1, 11))
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.failed == job.status.attempts.disrupted == 0


async def test_a_watcher_that_breaks_does_not_hold_up_the_job(tmp_path, caplog):
    def broken(_job, _decision):
        raise BrokenPipeError(32, "Broken pipe")

    async with farm(tmp_path) as here:
        here.manager.watch(broken)
        job = await here.run(chunks={"size": 5})
    assert job.status.state is State.COMPLETED
    assert "a watcher failed" in caplog.text


async def test_a_job_that_is_submitted_while_a_manager_opens_is_found(tmp_path):
    class Late(Unreadable):
        """Somebody submits right after the list was read."""

        listed = False

        async def list(self):
            jobs = await self.inner.list()
            if not self.listed:
                self.listed = True
                async with SQLiteJobRepository(tmp_path / "store" / "jobs.sqlite") as theirs:
                    from support.local import local_job

                    Late.uid = (await theirs.create(local_job(tmp_path / "home", "exit 0"))).metadata.uid
            return jobs

    async with farm(tmp_path, wrap=Late) as here:
        job = await here.reached(Late.uid, lambda job: job.status.state.terminal)
    assert job.status.state is State.COMPLETED
