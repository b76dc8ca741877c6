"""A preview that waits for approval: nothing but it is rendered, and waiting is no news."""

from __future__ import annotations

from renderjob.api import State
from renderjob.core import Phase
from support.jobs import spec
from support.world import World

REQUIRED = {"frames": "1", "approval": "Required"}


def parked(**fields) -> World:
    """A job of 20 frames whose preview is rendered."""
    w = World(spec(frames="1-20", preview=REQUIRED, parallelism=3, **fields))
    w.step()
    w.end_all()
    w.step()
    assert w.status.state is State.SUSPENDED
    return w


def test_a_look_at_a_job_that_waits_for_approval_changes_and_tells_nothing():
    w = parked(timeouts={"job": "1h"})
    w.step()
    before, told = w.status, list(w.events)
    for _ in range(3):
        w.pass_time(600)
        assert w.step().status is before
    assert w.events == told
    assert "Resumed" not in told


def test_the_time_that_somebody_takes_to_look_is_not_the_jobs():
    w = parked(timeouts={"job": "1h"})
    w.pass_time(7200)
    w.step()
    w.edit(preview={**REQUIRED, "approved": True})
    assert w.run().state is State.COMPLETED
    assert w.events.count("Resumed") == 1


def test_frames_that_wait_for_another_try_need_the_approval_as_well():
    w = World(spec(frames="1-20", chunks={"size": 5}, parallelism=4, retries={"canary": False}))
    w.step()
    w.end_all(Phase.FAILED)
    w.step()
    w.edit(preview=REQUIRED)
    w.pass_time(3600)
    w.step()
    assert [str(running.attempt.frames) for running in w.running] == ["1-5"]
    w.end_all()
    w.step()
    assert w.status.state is State.SUSPENDED
    assert not w.running
    w.edit(preview={**REQUIRED, "approved": True})
    assert w.run().state is State.COMPLETED
