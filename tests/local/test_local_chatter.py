"""Renderers that talk without end: they hold up nobody, and do not fill the disk."""

from __future__ import annotations

import asyncio

import pytest

from renderjob.api import State
from renderjob.executors.local import follow
from support.local import HOLD, PNG, WRITE, farm, until

ONCE = {"perChunk": 0, "onFailure": "Stop"}


async def test_a_renderer_that_never_stops_talking_is_stopped_and_holds_up_no_other_job(tmp_path):
    async with farm(tmp_path) as here:
        loud = await here.submit("yes", name="loud")
        await until(lambda: any(log.stat().st_size > follow.BEHIND for log in here.logs(loud)))
        other = await here.run(WRITE, name="other", output=PNG)
        assert other.status.state is State.COMPLETED
        await here.manager.cancel(loud)
        assert (await here.end(loud)).status.state is State.CANCELLED


async def test_timeouts_hold_for_a_renderer_that_never_stops_talking(tmp_path):
    async with farm(tmp_path) as here:
        job = await here.run("yes", timeouts={"chunk": "500ms"}, retries=ONCE)
    (failure,) = job.status.failures
    assert (failure.failure_class, failure.message[-1]) == ("TimedOut", "y")


async def test_a_log_that_grows_beyond_all_bounds_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(follow, "MOST", 1 << 20)
    async with farm(tmp_path) as here:
        uid = await here.submit(f"yes | head -c 8000000; {HOLD}; echo the end; {WRITE}", output=PNG)
        cut = b"begins anew here"
        await until(lambda: any(cut in log.read_bytes() for log in here.logs(uid)))
        here.go()
        job = await here.end(uid)
        (log,) = here.logs(uid)
        assert job.status.state is State.COMPLETED
        assert b"renderjob: the log grew longer than" in log.read_bytes()
        assert log.read_bytes().endswith(b"the end\n")
        assert log.stat().st_size < 4_000_000


async def test_what_is_said_after_a_flood_is_still_heard(tmp_path):
    flood = f"yes | head -c {3 * follow.BEHIND}"
    async with farm(tmp_path) as here:
        job = await here.run(f"{flood}; echo 'openjd_fail: no licence'; exit 0", retries=ONCE)
    (failure,) = job.status.failures
    assert (failure.failure_class, failure.message) == ("Renderer", "no licence")


async def test_frames_told_of_in_lines_that_a_skip_cuts_are_not_made_up(tmp_path):
    """Each line names a frame of two digits; half of one would be a frame of the chunk as well."""
    line = "frame done %d\\n"
    script = f"i=0; while [ $i -lt 400000 ]; do printf '{line}' 77; i=$((i+1)); done; touch said; {HOLD}"
    async with farm(tmp_path) as here:
        uid = await here.submit(
            script,
            frames="1-77",
            chunks={"size": 100},
            progress={"pattern": "done (?P<done>[0-9]+)"},
            retries=ONCE,
        )
        await until((here.home / "said").exists)

        def read() -> bool:
            (attempt,) = here.executor.attempts(uid)
            return not attempt.behind and bool(attempt.frames_done)

        await until(read)
        (attempt,) = here.executor.attempts(uid)
        assert str(attempt.frames_done) == "77"
        await here.manager.cancel(uid)
        await here.end(uid)


@pytest.mark.parametrize("rubbish", ["head -c 2000000 /dev/urandom", "head -c 2000000 /dev/zero"])
async def test_rubbish_is_no_trouble(tmp_path, rubbish):
    async with farm(tmp_path) as here:
        job = await here.run(f"{rubbish}; {WRITE}", output=PNG)
        assert job.status.state is State.COMPLETED
        await asyncio.sleep(0)
