"""What is written at once, and what waits until there is more to tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from renderjob.api import RenderJob, State
from renderjob.core import Attempt, Decision, Event, Forget, Kind, Start, Stop, StopReason
from renderjob.frames import FrameSet
from renderjob.manager.pace import LONGEST, TOGETHER, Pace
from support.jobs import job

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FRAMES = FrameSet.parse("1")
START = Start(Attempt(8, Kind.RENDER, FRAMES, chunk=1, chunks=9, number=1))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def at_work(uid: str) -> RenderJob:
    """A job that has an attempt in flight."""
    made = job()
    status = made.status.model_copy(update={"state": State.RUNNING, "in_flight": ["7:Render:1"]})
    return made.model_copy(
        update={"metadata": made.metadata.model_copy(update={"uid": uid}), "status": status}
    )


def paced(jobs: float, *, ago: float) -> tuple[Pace, Clock, RenderJob]:
    """So many jobs whose status was written so many seconds ago; `job-0`, the third returned, is among them."""
    clock = Clock()
    pace = Pace(1.0, clock)
    for number in range(int(jobs)):
        pace.saved(at_work(f"job-{number}"))
    clock.move(ago)
    return pace, clock, at_work("job-0")


def progress(of: RenderJob, **more: object) -> Decision:
    """One chunk more has ended."""
    status = of.status.model_copy(update={"completed_frames": 5, **more})
    return Decision((Forget(7, failed=False),), status, None)


def test_of_a_few_jobs_all_is_written_each_second():
    pace, clock, shot = paced(TOGETHER, ago=0)
    assert pace.pause("job-0") == 1.0
    clock.move(1)
    assert pace.pause("job-0") == 0
    assert pace.defer(shot, progress(shot)) is None


def test_of_many_jobs_progress_is_told_in_turn():
    pace, clock, shot = paced(3 * TOGETHER, ago=1)
    assert pace.defer(shot, progress(shot)) == EPOCH + timedelta(seconds=3)
    assert pace.pause("job-0") == 1.0, "nor is it looked at again and again meanwhile"
    clock.move(2)
    assert pace.defer(shot, progress(shot)) is None


def test_however_many_there_are_progress_waits_a_few_seconds_at_most():
    pace, _, shot = paced(1000 * TOGETHER, ago=1)
    assert pace.defer(shot, progress(shot)) == EPOCH + timedelta(seconds=LONGEST)


@pytest.mark.parametrize("what", ["starts", "stops", "tells", "state", "error", "edit"])
def test_what_is_more_than_progress_is_written_at_once(what: str):
    pace, _, shot = paced(3 * TOGETHER, ago=1)
    decision = {
        "starts": replace(progress(shot), actions=(START,)),
        "stops": replace(progress(shot), actions=(Stop(9, StopReason.STALLED),)),
        "tells": replace(progress(shot), events=(Event("ChunkFailed", "it did"),)),
        "state": progress(shot, state=State.COMPLETED),
        "error": progress(shot, error="the disk is full"),
        "edit": progress(shot, observed_generation=2),
    }[what]
    assert pace.defer(shot, decision) is None


def test_what_is_due_before_a_second_is_over_is_written_then():
    pace, _, shot = paced(1.5 * TOGETHER, ago=1)
    assert pace.defer(shot, progress(shot)) == EPOCH + timedelta(seconds=1.5)
    assert pace.pause("job-0") == 0.5


def test_a_write_that_failed_is_neither_tried_again_at_once_nor_put_off():
    """How long it waits is for its failures to say: were it put off, they would be forgotten."""
    pace, clock, shot = paced(100 * TOGETHER, ago=LONGEST)
    assert pace.defer(shot, progress(shot)) is None
    pace.attempted("job-0")
    assert pace.pause("job-0") == 1.0
    clock.move(1)
    assert pace.pause("job-0") == 0
    assert pace.defer(shot, progress(shot)) is None


def test_jobs_that_rest_or_are_gone_make_nobody_wait():
    pace, clock, shot = paced(3 * TOGETHER, ago=0)
    for number in range(int(TOGETHER), int(2 * TOGETHER)):
        pace.saved(at_work(f"job-{number}").model_copy(update={"status": job().status}))
    for number in range(int(2 * TOGETHER), int(3 * TOGETHER)):
        pace.forget(f"job-{number}")
    clock.move(1)
    assert pace.defer(shot, progress(shot)) is None


def test_a_clock_that_was_set_back_makes_nobody_wait():
    pace, _, shot = paced(3 * TOGETHER, ago=-100)
    assert pace.pause("job-0") == 0
    assert pace.defer(shot, progress(shot)) is None
