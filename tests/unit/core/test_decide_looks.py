"""Before an attempt is given up as stalled its files are looked at, where only a pod sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from renderjob.api import FailureClass, State
from renderjob.core import Kind, Phase
from renderjob.core.file_checks import MOST, PATIENCE
from renderjob.core.observed import Written
from renderjob.frames import FrameSet
from support.blocked import QUEUED
from support.jobs import spec
from support.world import World

OUTPUT = {"path": "/out", "file": "####.png"}
STALL = 300


def world(frames="1-10", size=10, **fields):
    fields = {"output": OUTPUT, "retries": {"perChunk": 0}, "parallelism": 200} | fields
    w = World(spec(frames=frames, chunks={"size": size}, timeouts={"stall": f"{STALL}s"}, **fields))
    w.step()
    return w


def looks(w):
    """Those under way."""
    return [r for r in w.attempts.values() if r.attempt.kind is Kind.LOOK and r.seen.phase is Phase.RUNNING]


def silent(w, seconds=STALL):
    """So much time passes, and nobody prints anything."""
    w.pass_time(seconds)
    w.step()


def found(w, *written):
    """The look under way ends: of each attempt its id, how many seconds ago it wrote a file, and how many there are."""
    [look] = looks(w)
    told = tuple(Written(id_, w.now - timedelta(seconds=ago), frames) for id_, ago, frames in written)
    w.end(look, written=told)
    w.step()


def stopping(w):
    return [r.attempt.id for r in w.running if r.stopping]


def test_an_attempt_that_is_silent_is_looked_at_before_it_is_stopped():
    w = world()
    silent(w, STALL - 1)
    assert not looks(w)
    silent(w, 1)
    [look] = looks(w)
    assert (look.attempt.beside, look.attempt.frames) == (FrameSet((1,)), FrameSet.parse("1-10"))
    assert not stopping(w)


def test_a_file_that_was_written_is_progress_and_the_time_counts_from_it():
    w = world()
    silent(w)
    found(w, (1, 100, 4))
    assert not stopping(w)
    assert w.status.progress == 40
    assert w.status.completed_frames == 0, "no frame counts by it"
    assert w.wake == w.now + timedelta(seconds=STALL - 100)
    silent(w, STALL - 100)
    assert not looks(w), "it is silent again, but the next look's time has not come"
    assert not stopping(w)
    w.sleep_until_wake()
    w.step()
    assert len(looks(w)) == 1
    found(w, (1, 50, 6))
    assert w.status.progress == 60
    w.end_all()
    assert w.run().state is State.COMPLETED


@pytest.mark.parametrize("written", [(), ((1, STALL + 20, 3),), ((7, 1, 1),)])
def test_one_that_wrote_nothing_since_is_stopped(written):
    w = world()
    silent(w, STALL + 50)
    found(w, *written)
    assert stopping(w) == [1]
    w.end_stopping()
    w.step()
    [failure] = w.status.failures
    assert failure.failure_class is FailureClass.STALLED


def test_a_look_that_fails_finds_nothing():
    w = world()
    silent(w)
    w.end(looks(w)[0], Phase.FAILED, log="no answer")
    w.step()
    assert stopping(w) == [1]


def test_a_look_whose_pod_does_not_start_is_waited_for_as_long_as_silence():
    w = world()
    silent(w)
    assert w.wake == w.now + timedelta(seconds=max(STALL, PATIENCE))
    w.sleep_until_wake()
    w.step()
    w.step()
    assert not w.status.state.terminal
    assert stopping(w) == [1]
    assert all(r.stopping for r in looks(w))
    w.end_stopping()
    w.step()
    assert not looks(w)
    assert w.status.attempts.stalled == 1


def test_one_look_is_about_all_that_run_and_there_is_one_in_so_much_time():
    w = world("1-40")
    silent(w, STALL - 10)
    first, *others = w.running
    for running in others:
        running.seen = running.seen.__class__(**{**_fields(running.seen), "active_at": w.now})
    silent(w, 10)
    [look] = looks(w)
    assert look.attempt.beside == FrameSet(r.attempt.id for r in w.running)
    found(w, *((r.attempt.id, 1, 1) for r in w.running))
    silent(w, STALL - 1)
    assert not looks(w)
    silent(w, 1)
    assert len(looks(w)) == 1
    assert first.attempt.id in looks(w)[0].attempt.beside


def _fields(seen):
    return {name: getattr(seen, name) for name in seen.__slots__}


def test_of_very_many_attempts_those_that_were_never_looked_at_come_first():
    w = world("1-150", 1, retries={"canary": False})
    silent(w)
    assert len(looks(w)[0].attempt.beside) == MOST
    assert len(w.running) == 150
    found(w, *((id_, 1, 0) for id_ in looks(w)[0].attempt.beside))
    assert not stopping(w)
    assert FrameSet(range(MOST + 1, 151)) <= looks(w)[0].attempt.beside, "the others, at once"


def test_a_look_at_what_has_ended_is_stopped():
    w = world()
    silent(w)
    w.end(w.running[0])
    w.step()
    assert all(r.stopping for r in looks(w))
    assert w.run().state is State.COMPLETED


@pytest.mark.parametrize(
    ("fields", "looks_itself"),
    [({"output": None}, False), ({"output": {"path": "/out"}}, False), ({}, True)],
)
def test_where_no_file_can_tell_silence_is_the_end(fields, looks_itself):
    w = world(**fields)
    w.extra = {"looks": True} if looks_itself else {}
    silent(w)
    assert not looks(w)
    assert stopping(w) == [1]


def test_a_verification_does_not_wait_for_a_look():
    w = world("1-20")
    w.end(w.running[0])
    silent(w)
    assert len(looks(w)) == 1
    w.end(w.running[0])
    w.step()
    assert len(w.verifying) == 1


def test_what_is_cancelled_is_not_looked_at():
    w = world()
    w.edit(cancel=True)
    silent(w)
    assert not looks(w)


def test_what_a_look_found_is_written_down():
    w = world()
    silent(w)
    found(w, (1, 7, 3))
    [text] = w.status.in_flight
    now = int(w.now.timestamp())
    assert text.endswith(f"looked={now} wrote={now - 7} there=3")


def test_that_the_pod_of_a_look_waits_is_told_and_after_a_while_it_goes_on_without_it():
    w = world()
    silent(w)
    [look] = looks(w)
    look.seen = replace(look.seen, started_at=None, waiting=QUEUED, waiting_since=w.now)
    w.step()
    ready = next(c for c in w.status.conditions if c.type == "Ready")
    assert ready.reason == "Rendering"
    assert f"the pod that checks whether silent chunks write files waits: {QUEUED.message}" in ready.message
    assert w.status.error == ""
    w.pass_time(max(STALL, PATIENCE))
    w.step()
    assert look.stopping
    assert w.running[0].stopping, "nothing says that it gets on"
