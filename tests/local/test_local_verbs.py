"""cancel, suspend, resume, retry and delete, in every state that a job can be in."""

from __future__ import annotations

import pytest

from renderjob.api import RenderJob, State
from renderjob.manager import NotFoundError
from renderjob.repositories import SQLiteJobRepository
from support.local import HOLD, PNG, WRITE, Farm, farm, until

P, R, M, S = State.PENDING, State.RUNNING, State.MERGING, State.SUSPENDED
DONE, BAD, OFF = State.COMPLETED, State.FAILED, State.CANCELLED

SCRIPT = f"[ ! -e fail ] || exit 7; {HOLD}; {WRITE}"


async def brought_to(here: Farm, state: State) -> str:
    """A new job, brought to a state; `go` lets it complete from there."""
    spec = {"output": PNG, "chunks": {"size": 5}, "retries": {"perChunk": 0, "onFailure": "Stop"}}
    if state is BAD:
        (here.home / "fail").touch()
    if state is DONE:
        here.go()
    if state is M:
        merge = ["sh", "-c", f"{HOLD.replace('go', 'merge')}; echo video > $RENDER_OUTPUT/all.mov"]
        spec["merge"] = {"template": {"spec": {"containers": [{"name": "merge", "command": merge}]}}}
        here.go()
    uid = await here.submit(SCRIPT, **spec, parallelism=0 if state is P else 1)
    if state is S:
        await here.manager.suspend(uid)
    if state is OFF:
        await here.manager.cancel(uid)
    await here.reached(uid, lambda job: job.status.state is state, f"for {state}")
    if state is R:
        await until(lambda: here.executor.attempts(uid))
    (here.home / "fail").unlink(missing_ok=True)
    return uid


EXPECTED = {
    #        cancel suspend resume retry
    P: (OFF, S, P, P),
    R: (OFF, S, R, R),
    M: (OFF, S, M, M),
    S: (OFF, S, R, R),
    DONE: (DONE, DONE, DONE, DONE),
    BAD: (BAD, BAD, BAD, R),
    OFF: (OFF, OFF, R, R),
}
VERBS = ("cancel", "suspend", "resume", "retry")


@pytest.mark.parametrize("state", EXPECTED)
@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_converges_from_every_state(tmp_path, state, verb):
    def settled(job: RenderJob) -> bool:
        seen = job.status.observed_generation == job.metadata.generation
        return seen and job.status.state is EXPECTED[state][VERBS.index(verb)]

    async with farm(tmp_path) as here:
        uid = await brought_to(here, state)
        edited = await getattr(here.manager, verb)(uid)
        job = await here.reached(uid, settled, f"for {verb} in {state}")
        assert job.metadata.generation == edited.metadata.generation
        if job.status.state in (OFF, S, DONE, BAD):
            assert not [a for a in here.executor.attempts(uid) if a.process]
            assert not job.status.in_flight
        # And from there on, whatever it was, it can be completed.
        here.go()
        (here.home / "merge").touch()
        await here.manager.retry(uid)
        await here.manager.edit(uid, lambda spec: spec.model_copy(update={"parallelism": 1}))
        job = await here.reached(uid, lambda job: job.status.state is DONE)
        assert job.status.frames.completed == "1-10"
        assert job.status.attempts.failed == (state is BAD), "what a verb stops costs nothing"
        assert sorted(map(int, here.lines())) == list(range(1, 11)), "no frame was rendered twice"


@pytest.mark.parametrize("state", EXPECTED)
async def test_delete_in_every_state_ends_what_runs_and_keeps_what_is_rendered(tmp_path, state):
    async with farm(tmp_path) as here:
        uid = await brought_to(here, state)
        # The directories of attempts are no pictures, and end with them.
        before = [name for name in here.pictures() if name != ".renderjob"]
        assert await here.manager.delete(uid)
        assert await here.manager.wait(uid) is None
        assert here.executor.attempts(uid) == []
        assert await here.manager.get(uid) is None
        assert not await here.manager.delete(uid)
        assert not here.store.job(uid).exists()
        assert here.pictures() == before


async def test_an_unknown_id_is_none_or_an_error_and_no_harm(tmp_path):
    async with farm(tmp_path) as here:
        uid = (await here.run("echo hello")).metadata.uid
        assert await here.manager.get("no-such-id") is None
        assert await here.manager.wait("no-such-id") is None
        for verb in VERBS:
            with pytest.raises(NotFoundError, match="no-such-id"):
                await getattr(here.manager, verb)("no-such-id")
        for strange in ("", ".", "..", "../jobs", "a/../.."):
            assert not await here.manager.delete(strange)
        assert here.logs(uid)
        assert here.store.database.exists()


async def test_submit_answers_at_once_and_list_knows_states(tmp_path):
    async with farm(tmp_path, memory=True) as here:
        first = await here.submit(HOLD, name="first")
        second = await here.submit("exit 0", name="second")
        await here.end(second)
        await here.reached(first, lambda job: job.status.state is R)
        assert [j.metadata.name for j in await here.manager.list()] == ["first", "second"]
        assert [j.metadata.name for j in await here.manager.list(R, P)] == ["first"]


async def test_more_frames_only_the_new_ones_and_fewer_stop_the_surplus(tmp_path):
    async with farm(tmp_path) as here:
        here.go()
        uid = (await here.run(SCRIPT, frames="1-4", output=PNG)).metadata.uid
        await here.manager.edit(uid, lambda spec: spec.model_copy(update={"frames": "1-6"}))
        await here.end(uid)
        assert sorted(here.lines()) == ["1", "2", "3", "4", "5", "6"]
        (here.home / "go").unlink()
        await here.manager.edit(uid, lambda spec: spec.model_copy(update={"frames": "1-20"}))
        await here.reached(uid, lambda job: job.status.active == 1)
        await here.manager.edit(uid, lambda spec: spec.model_copy(update={"frames": "1-3"}))
        job = await here.end(uid)
    assert job.status.state is DONE
    assert job.status.total_frames == 3


async def test_a_verb_of_another_process_is_seen(tmp_path):
    async with farm(tmp_path) as here:
        uid = await brought_to(here, R)
        async with SQLiteJobRepository(here.store.database) as theirs:
            job = await here.reached(uid, lambda job: job.status.active == 1)
            job = await theirs.get(uid)
            await theirs.save(job.model_copy(update={"spec": job.spec.model_copy(update={"cancel": True})}))
        ended = await here.end(uid)
    assert ended.status.state is OFF
