"""Clocks that are set, and machines that sleep: nothing that runs has run longer by that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from renderjob.api import State
from support.local import HOLD, PNG, WRITE, farm

LIMITS = {"chunk": "1h", "stall": "30m"}


class Clock:
    """The time, and what somebody did to it."""

    def __init__(self) -> None:
        self.jump = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.jump


@pytest.mark.parametrize("hours", [8, -8], ids=["a night's sleep", "set back"])
async def test_what_runs_is_not_stopped_for_time_in_which_it_did_not_run(tmp_path, hours):
    clock = Clock()
    async with farm(tmp_path, clock=clock) as here:
        uid = await here.submit(f"{HOLD}; {WRITE}", output=PNG, timeouts=LIMITS)
        await here.reached(uid, lambda job: job.status.active == 1)
        clock.jump = timedelta(hours=hours)
        here.manager.wake(uid)
        here.go()
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED
    assert not job.status.failures
    assert (job.status.frame_seconds.slowest.seconds) >= 0


async def test_a_clock_that_is_set_back_makes_no_success_too_fast(tmp_path):
    clock = Clock()
    async with farm(tmp_path, clock=clock) as here:
        uid = await here.submit(f"{HOLD}; sleep 0.2", timeouts={"minimum": "100ms"})
        await here.reached(uid, lambda job: job.status.active == 1)
        clock.jump = timedelta(hours=-1)
        here.go()
        job = await here.end(uid)
    assert job.status.state is State.COMPLETED


async def test_frames_that_were_finished_before_the_clock_was_set_are_kept(tmp_path):
    clock = Clock()
    first = "for f in 1 2 3; do echo frame > $RENDER_OUTPUT/000$f.png; sleep 0.05; done"
    script = f"[ $RENDER_ATTEMPT = 1 ] || {{ {WRITE}; exit; }}; {first}; touch begun; {HOLD}; exit 1"
    async with farm(tmp_path, clock=clock) as here:
        uid = await here.submit(script, frames="1-5", output=PNG)
        await here.reached(uid, lambda _: (here.home / "begun").exists())
        clock.jump = timedelta(hours=8)
        here.manager.wake(uid)
        here.go()
        job = await here.end(uid)
        assert here.lines() == ["3", "4", "5"], "the newest file may be cut short"
    assert job.status.state is State.COMPLETED
