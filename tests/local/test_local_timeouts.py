"""Attempts that take too long, hang, or are too fast; and that all of their processes end."""

from __future__ import annotations

import pytest

from renderjob.api import State
from support.local import HOLD, farm, processes_of, until

ONCE = {"perChunk": 0, "onFailure": "Stop"}
FOREVER = "while :; do sleep 0.05; done"


async def test_a_chunk_that_takes_too_long_is_stopped_although_it_talks(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            "while :; do echo working; sleep 0.05; done", timeouts={"chunk": "300ms"}, retries=ONCE
        )
    (failure,) = job.status.failures
    assert job.status.state is State.FAILED
    assert failure.failure_class == "TimedOut"
    assert failure.exit_code == 143
    assert "timeouts.chunk" in failure.message
    assert "working" in failure.message


async def test_a_chunk_that_is_silent_is_stopped_and_one_that_talks_is_not(tmp_path):
    # The one that talks does so for longer than the other may be silent, by its own count.
    script = (
        "if [ $RENDER_START = 1 ]; then exec sleep 600; fi;"
        "i=0; while [ $i -lt 50 ]; do echo $i; i=$((i+1)); sleep 0.05; done"
    )
    async with farm(tmp_path) as here:
        job = await here.run(
            script,
            frames="1-2",
            chunks={"size": 1},
            parallelism=2,
            timeouts={"stall": "1500ms"},
            retries=ONCE,
            tolerate={"failedFrames": 1},
        )
    assert job.status.frames.completed == "2"
    (failure,) = job.status.failures
    assert failure.failure_class == "Stalled"
    assert "timeouts.stall" in failure.message


@pytest.mark.parametrize("limit", ["chunk", "stall"])
async def test_a_silent_chunk_that_is_not_the_first_is_stopped_too(tmp_path, limit):
    async with farm(tmp_path) as here:
        job = await here.run(
            "[ $RENDER_CHUNK = 0 ] || exec sleep 600",
            frames="1-2",
            chunks={"size": 1},
            timeouts={limit: "300ms"},
            retries={"perChunk": 1, "onFailure": "Stop"},
        )
    assert job.status.state is State.FAILED
    assert job.status.frames.completed == "1"
    assert len(job.status.failures) == 2


async def test_a_stalled_chunk_is_tried_again(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run("[ $RENDER_ATTEMPT = 2 ] || sleep 600", timeouts={"stall": "200ms"})
    assert job.status.state is State.COMPLETED
    assert job.status.attempts.failed == 1


async def test_a_success_that_came_too_fast_is_none(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run(
            "exit 0", timeouts={"minimum": "1h"}, retries={"perChunk": 1, "onFailure": "Stop"}
        )
    assert job.status.state is State.FAILED
    assert [f.failure_class for f in job.status.failures] == ["TooFast", "TooFast"]


async def test_a_job_that_takes_too_long_fails_and_stops_what_runs(tmp_path):
    async with farm(tmp_path) as here:
        uid = await here.submit(FOREVER, timeouts={"job": "300ms"})
        job = await here.end(uid)
        assert not processes_of(uid)
    assert job.status.state is State.FAILED
    assert "timeouts.job" in job.status.error


async def test_a_renderer_may_finish_its_frame_when_it_is_asked_to_stop(tmp_path):
    script = f"trap 'echo saving; echo late > late; exit 0' TERM; echo ready > ready; {FOREVER}"
    async with farm(tmp_path) as here:
        uid = await here.submit(script, grace=60)
        await until(lambda: here.lines("ready"))
        await here.manager.cancel(uid)
        await here.end(uid)
        assert here.lines("late") == ["late"]


async def test_a_renderer_that_does_not_listen_is_killed_after_its_grace_period(tmp_path):
    script = f"trap 'echo heard >> heard' TERM; {FOREVER}"
    async with farm(tmp_path) as here:
        job = await here.run(script, timeouts={"chunk": "300ms"}, retries=ONCE, grace=1)
        assert here.lines("heard") == ["heard"], "it is asked once before it is killed"
    (failure,) = job.status.failures
    assert failure.exit_code == 137
    assert failure.failure_class == "TimedOut"


async def test_a_whole_family_is_stopped(tmp_path):
    deaf = f'sh -c "trap : TERM; echo child >> up; {FOREVER}"'
    script = f"{deaf} & sh -c '{deaf} & {FOREVER}' & echo parent >> up; {FOREVER}"
    async with farm(tmp_path) as here:
        uid = await here.submit(script)
        await until(lambda: len(here.lines("up")) == 3)
        assert len(processes_of(uid)) >= 4
        await here.manager.cancel(uid)
        job = await here.end(uid)
        assert job.status.state is State.CANCELLED
        await until(lambda: not processes_of(uid))


async def test_what_a_chunk_leaves_in_the_background_ends_with_it(tmp_path):
    script = f"(trap '' TERM HUP; echo up > up; {FOREVER}) & {HOLD.replace('go', 'up')}; exit 0"
    async with farm(tmp_path) as here:
        uid = await here.submit(script)
        job = await here.end(uid)
        assert job.status.state is State.COMPLETED
        assert here.lines("up")
        await until(lambda: not processes_of(uid))
