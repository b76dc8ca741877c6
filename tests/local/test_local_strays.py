"""Renderers that leave their process group, or go into the background, and outlive their attempt."""

from __future__ import annotations

import sys
from contextlib import suppress

import psutil
import pytest

from renderjob.api import State
from renderjob.core import Start
from renderjob.executors.local import executor, strays
from support.local import HOLD, PNG, WRITE, farm, processes_of, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strays are found in /proc")

ONCE = {"perChunk": 0, "onFailure": "Stop"}
ESCAPE = "echo up >> up; exec sleep 600"


def escaped(script: str) -> str:
    """Shell: run a script in a session of its own, and go on when it is there."""
    return f"setsid sh -c '{script}' & until [ -e up ]; do sleep 0.02; done"


def commands_of(uid: str) -> list[list[str]]:
    found = []
    for process in processes_of(uid):
        with suppress(psutil.Error):
            found.append(process.cmdline())
    return found


async def test_what_left_its_group_is_ended_before_its_frames_are_rendered_again(tmp_path):
    """The second attempt waits for the first one's stray: it would wait for ever if that were left running."""
    script = f"if [ $RENDER_ATTEMPT = 1 ]; then {escaped('exec sleep 600')}; fi".replace("-e up", "1 = 1")
    seen: list[int] = []
    async with farm(tmp_path) as here:
        perform = here.executor.perform

        async def performs(job, actions):
            if any(isinstance(action, Start) and action.attempt.number == 2 for action in actions):
                seen.append(len(processes_of(job.metadata.uid)))
            await perform(job, actions)

        here.executor.perform = performs
        job = await here.run(f"{script}; [ $RENDER_ATTEMPT = 2 ]")
    assert job.status.state is State.COMPLETED
    assert seen == [0], "nothing of the first attempt runs when the second begins"


async def test_a_stray_of_a_renderer_that_is_stopped_ends_with_it(tmp_path):
    async with farm(tmp_path) as here:
        uid = await here.submit(f"{escaped(ESCAPE)}; sleep 600")
        await until(lambda: here.lines("up"))
        await here.manager.suspend(uid)
        await here.reached(uid, lambda job: job.status.state is State.SUSPENDED)
        assert not processes_of(uid)


async def test_a_renderer_that_goes_into_the_background_has_not_rendered(tmp_path):
    """Its first process ends at once with 0, and what it left goes on: it is ended, and counts as nothing."""
    script = f"setsid sh -c 'sleep 600; {WRITE}' > /dev/null 2>&1 & exit 0"
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG, retries=ONCE)
        assert job.status.state is State.FAILED
        assert [f.failure_class for f in job.status.failures] == ["NoOutput"]
        assert not processes_of(job.metadata.uid)


async def test_a_stray_of_a_chunk_that_was_done_in_a_moment_is_ended_while_others_run(tmp_path):
    script = f"if [ $RENDER_CHUNK = 0 ]; then {escaped(ESCAPE)}; else {HOLD}; fi"
    async with farm(tmp_path) as here:
        uid = await here.submit(script, frames="1-2", chunks={"size": 1}, parallelism=2)
        await here.reached(uid, lambda job: job.status.completed_frames == 1)
        await until(lambda: not any("600" in command for command in commands_of(uid)))
        assert processes_of(uid), "the other chunk is left alone"
        here.go()
        assert (await here.end(uid)).status.state is State.COMPLETED


async def test_what_runs_is_left_alone_however_it_changes_its_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "TICK", 0.02)
    inner = f"RENDER_FRAMES=x RENDER_ATTEMPT=y setsid -w sh -c '{HOLD}; {WRITE}'"
    script = f"if [ $RENDER_CHUNK = 0 ]; then {inner}; else exit $((RENDER_ATTEMPT < 9)); fi"
    async with farm(tmp_path) as here:
        uid = await here.submit(
            script,
            frames="1-20",
            chunks={"size": 10},
            parallelism=2,
            retries={"perChunk": 9, "canary": False},
            output={"path": "out"},
        )
        await here.reached(uid, lambda job: job.status.frames.completed == "11-20")
        here.go()
        job = await here.end(uid)
        assert job.status.state is State.COMPLETED
        assert len(here.lines()) == 10


def test_a_process_of_another_job_is_not_ours():
    assert strays.processes_of("nobody's") == []
