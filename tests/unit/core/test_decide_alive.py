"""A job that is not at its end has something in flight, a wake, or a condition that names whom it waits for."""

from __future__ import annotations

from datetime import timedelta

from renderjob.api import State
from renderjob.core import Phase
from renderjob.core.alive import PAUSE, kept_alive
from renderjob.core.outcome import Outcome
from renderjob.core.work import unpack
from renderjob.frames import EMPTY
from renderjob.planning import layout_of
from support.jobs import spec
from support.world import World


def said(world: World) -> tuple[str, str]:
    return next((c.reason, c.message) for c in world.status.conditions if c.type.value == "Ready")


def test_a_frame_that_waits_beside_a_preview_frame_of_a_chunk_that_is_rendered_whole_is_retried_with_it():
    w = World(
        spec(
            frames="1-10",
            chunks={"size": 1},
            output={"path": "/o", "chunkFile": "$(RENDER_START).mkv"},
            onEdit="Keep",
            preview={"frames": "6", "approval": "Required"},
            retries={"perChunk": 3},
        )
    )
    w.extra = {"looks": True}
    w.step()
    w.end_all(Phase.FAILED, exit_code=1, missing=w.running[0].attempt.frames)
    w.step()
    w.edit(chunks={"size": 5}, preview={"frames": "7", "approval": "Required"})
    w.step()
    assert w.wake is not None
    w.sleep_until_wake()
    w.step()
    assert [str(r.attempt.frames) for r in w.running] == ["6-10"]
    w.end_all(missing=EMPTY)
    w.step()
    assert w.status.state is State.SUSPENDED
    assert w.status.frames.completed == "6-10"


def test_a_canary_whose_retries_were_edited_away_holds_nothing_up():
    w = World(spec(frames="1-10", chunks={"size": 1}, parallelism=5, retries={"backoff": {"initial": "1h"}}))
    w.step()
    w.end_all(Phase.FAILED, exit_code=1)
    w.step()
    assert not w.running, "enough have failed alike: a retry is to show what is broken"
    w.edit(frames="6-10")
    w.step()
    assert len(w.running) == 5
    assert w.run().state is State.COMPLETED


def test_a_crowd_of_retries_that_need_an_approval_does_not_hold_up_the_preview():
    w = World(
        spec(
            frames="100000-199999x2",
            chunks={"size": 1},
            parallelism=1000,
            retries={"canary": False, "backoff": {"initial": "1h", "max": "1h"}},
        )
    )
    w.step()
    for number in (1, 2):
        for running in w.running[:: number + 1]:
            w.end(running, Phase.FAILED, exit_code=1)
        w.end_all()
        w.step()
    w.edit(preview={"frames": "199998", "approval": "Required"})
    while any(str(r.attempt.frames) != "199998" for r in w.running):
        w.end_all()
        w.step()
    assert [str(r.attempt.frames) for r in w.running] == ["199998"]


def test_a_job_whose_parallelism_was_set_to_0_says_so():
    w = World(spec(frames="1-10", chunks={"size": 1}, parallelism=2))
    w.step()
    w.edit(parallelism=0)
    w.step()
    assert said(w)[0] == "Rendering", "what runs may end"
    w.end_all()
    w.step()
    assert w.wake is None
    assert said(w) == (
        "Paused",
        "2 of 10 frames are rendered; parallelism is 0, so nothing starts until it is more",
    )
    w.edit(parallelism=1)
    assert w.run().state is State.COMPLETED


def work_of(w: World):
    return unpack(w.spec, w.status, w.observed(), w.now, layout=layout_of(w.spec), digest="")


def test_what_no_policy_looks_after_is_looked_at_all_the_same_and_says_so():
    w = World(spec(frames="1-10"))
    work = work_of(w)
    ends = kept_alive(work, Outcome(State.RUNNING, "Rendering", "0 of 10 frames are rendered"))
    assert work.wakes == [w.now + timedelta(seconds=PAUSE)]
    assert ends.reason == "Idle"
    assert "a defect of renderjob" in ends.message


def test_who_waits_for_somebody_is_not_woken():
    w = World(spec(frames="1-10"))
    for ends in (
        Outcome(State.COMPLETED, "Completed", "all 10 frames are rendered"),
        Outcome(State.SUSPENDED, "Suspended", "suspended", somebody=True),
        Outcome(State.PENDING, "QuotaExceeded", "no room", stalled=True),
    ):
        work = work_of(w)
        assert kept_alive(work, ends) is ends
        assert not work.wakes
