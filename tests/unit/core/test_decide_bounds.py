"""What is written can be read: whatever happens to a job, its status stays within its bounds, and it ends.

The bounds are made small, so that jobs of some thousand frames come to them in a moment.
"""

from __future__ import annotations

import random

import jsonschema
import pytest

from renderjob.api import RenderJobStatus, State
from renderjob.core import Phase, bounds, requeue, window
from renderjob.crd import crd
from renderjob.frames import EMPTY, FrameSet
from support.jobs import spec
from support.world import World

SHARE = 48
"""How much smaller the bounds are than in earnest."""


@pytest.fixture
def small(monkeypatch):
    for name in ("COMPLETED", "FAILED", "LOST", "FULL", "SCATTERED", "WAITING", "UNVERIFIED", "LOOKED_FOR"):
        monkeypatch.setattr(bounds, name, getattr(bounds, name) // SHARE)
    monkeypatch.setattr(bounds, "LINES", bounds.LINES // 12)
    monkeypatch.setattr(window, "SCATTERED", bounds.SCATTERED)
    monkeypatch.setattr(requeue, "CROWDED", requeue.CROWDED // SHARE)


SCHEMA = jsonschema.Draft202012Validator(
    crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
)


def checked(status: RenderJobStatus, *, whole: bool = True) -> None:
    text = status.model_dump_json()
    assert RenderJobStatus.model_validate_json(text) == status
    if whole:
        assert not list(SCHEMA.iter_errors(status.to_wire()))
    assert len(text.encode()) <= bounds.MAX_STATUS
    frames = status.frames
    assert len(frames.completed) <= bounds.COMPLETED
    assert len(frames.failed) <= bounds.FAILED
    assert len(frames.unverified) <= bounds.UNVERIFIED
    assert sum(len(entry.frames) + len(entry.finished) for entry in status.retrying) <= bounds.WAITING
    assert sum(map(len, status.in_flight)) <= bounds.LINES + bounds.LOOKED_FOR + bounds.COMPLETED


def some_of(frames: FrameSet, dice: random.Random, share: float) -> FrameSet:
    return FrameSet([frame for frame in frames if dice.random() < share])


class Hostile:
    """A world in which attempts end anyhow, in parts, and files come and go."""

    def __init__(self, seed: int, **fields) -> None:
        self.dice = dice = random.Random(seed)
        self.bad = dice.choice([0.05, 0.3, 0.7, 1.0])
        self.parts = dice.choice([0.0, 0.5, 1.0])
        self.files = dice.random() < 0.6
        asked = {
            "frames": dice.choice(
                [
                    "10001-11500",
                    "100000-103000x2",
                    "-2000000000--1999990000x7",
                    "1-1500y3",
                    "5-2000x3,1-200x7",
                ]
            ),
            "chunks": {
                "size": dice.choice([1, 2, 7, 100, 1500]),
                "order": dice.choice(["Forward", "Reverse", "EndsFirst", "Stride", "Bisect"]),
            },
            "parallelism": dice.choice([3, 100, 1000]),
            "retries": {
                "perChunk": dice.choice([0, 1, 3]),
                "perJob": dice.choice([0, 1]),
                "canary": False,
                "backoff": {"initial": "0s"},
            },
            "tolerate": {"failedFrames": dice.choice([0, "100%"])},
        }
        if self.files:
            asked["output"] = {"path": "/o", "file": "#.png", "adopt": dice.random() < 0.3}
        self.world = World(spec(**asked | fields))
        self.world._check_transition = lambda *_: None
        self.world.pixels = Nothing()
        if self.files and dice.random() < 0.5:
            self.world.extra = {"looks": True}

    def live(self, most: int) -> State:
        world, dice = self.world, self.dice
        for _ in range(most):
            if "looks" in world.extra:
                total = FrameSet.parse(world.spec.frames)
                share = dice.choice([0, 0, 0, 0.3])
                found = some_of(total, dice, share) if share and not world.history else EMPTY
                lost = (
                    some_of(FrameSet.parse(world.status.frames.completed), dice, share / 9)
                    if share
                    else EMPTY
                )
                world.extra = world.extra | {"found": found, "lost": lost if dice.random() < 0.1 else EMPTY}
            world.step()
            checked(world.status, whole=len(world.history) % 8 == 0)
            if world.status.state.terminal:
                break
            world.pass_time(1)
            for running in list(world.attempts.values()):
                if running.seen.phase is Phase.RUNNING and (running.stopping or dice.random() < 0.9):
                    self.end(running)
        return world.status.state

    def end(self, running) -> None:
        world, dice, frames = self.world, self.dice, running.attempt.frames
        if running.attempt.kind.value == "Verify":
            missing = frames - some_of(frames, dice, 1 - self.bad / 2)
            world.end(running, missing=missing)
        elif running.stopping:
            world.end(running, Phase.FAILED, exit_code=143)
        elif dice.random() < self.bad:
            done = some_of(frames, dice, 0.5) if dice.random() < self.parts else EMPTY
            missing = frames - done if "looks" in world.extra else None
            node = dice.choice(["", "n1", "x" * 253, "n2.farm"])
            log = "Saved: " + "€" * 2000
            world.end(
                running, Phase.FAILED, exit_code=1, frames_done=done, missing=missing, node=node, log=log
            )
        else:
            world.end(running, missing=EMPTY if "looks" in world.extra else None)


class Nothing(dict):
    """Takes no note of anything: it is not what is tested, and thousands of frames are slow."""

    def __ior__(self, other):
        return self


@pytest.mark.parametrize("seed", range(20))
def test_a_status_stays_within_its_bounds_and_the_job_ends(small, seed):
    hostile = Hostile(seed)
    state = hostile.live(60)
    if not state.terminal:
        # Whatever happened: with nothing in its way, it ends.
        hostile.bad = hostile.parts = 0.0
        hostile.world.extra = {key: value for key, value in hostile.world.extra.items() if key == "looks"}
        state = hostile.live(1500)
    assert state in (State.COMPLETED, State.FAILED)
    checked(hostile.world.status)


def test_an_edit_of_the_frames_keeps_the_status_within_its_bounds(small):
    hostile = Hostile(3, frames="1-1500", chunks={"size": 10, "order": "Stride"}, parallelism=100)
    hostile.bad = 0.3
    for frames in ("1-1500x7", "2-1500x3,5-200x11", "1-1500y3", "1-1500"):
        hostile.live(6)
        hostile.world.edit(frames=frames)
    hostile.bad = 0.0
    assert hostile.live(500).terminal


def test_attempts_that_are_stopped_all_at_once_stay_a_bounded_number_of_entries():
    """Each of 1,000 attempts that had waited, and now never starts, would wait again in an entry of its own."""
    world = World(
        spec(
            frames="1-1000",
            chunks={"size": 1},
            parallelism=1000,
            retries={"canary": False, "backoff": {"initial": "0s"}},
        )
    )
    world.step()
    world.end_all(Phase.FAILED, exit_code=1)
    world.step(acts=0)
    world.edit(suspend=True)
    for running in list(world.attempts.values()):
        del world.attempts[running.attempt.id]
    world.step()
    checked(world.status)


def test_what_is_not_written_down_is_rendered_again_and_nothing_is_lost(small):
    """Every second frame is deleted behind our back: the status can't name them all."""
    world = World(spec(frames="10001-14000", chunks={"size": 4000}))
    world.run()
    odd = FrameSet([f for f in range(10001, 14001) if random.Random(f).random() < 0.5])
    world.extra = {"lost": odd}
    world.step()
    checked(world.status)
    world.extra = {}
    assert world.run().state is State.COMPLETED
    assert world.status.frames.completed == "10001-14000"


def test_a_chunk_waits_until_there_is_room_for_what_comes_of_it(small):
    canary = {"canary": False}
    world = World(
        spec(frames="-2000000000--1999990000x10", parallelism=1000, chunks={"size": 1}, retries=canary)
    )
    world._check_transition = lambda *_: None
    world.step()
    assert 0 < len(world.running) < 1000
    checked(world.status)
    assert world.run().state is State.COMPLETED


def test_a_list_of_chunks_whose_frames_lie_everywhere_is_refused_when_it_comes():
    dice, frames = random.Random(7), list(range(1, 30000))
    dice.shuffle(frames)
    listed = [{"frames": str(FrameSet(frames[n::60]))} for n in range(60)]
    with pytest.raises(ValueError, match=r"the first \d+ chunks lie in too many separate ranges"):
        spec(frames="1-29999", chunks={"explicit": listed})


def test_a_list_of_ten_thousand_chunks_that_lie_in_a_row_is_accepted():
    listed = [{"frames": str(65536 * k)} for k in range(10_000)]
    assert spec(frames="0-655294464x65536", chunks={"explicit": listed}).chunks.explicit


def test_a_spec_beside_which_no_status_has_room_is_refused_when_it_comes():
    listed = [{"frames": str(k), "command": ["render", "x" * 1000]} for k in range(700)]
    with pytest.raises(ValueError, match=r"it takes \d+ bytes as JSON, and at most 614400 are accepted"):
        spec(frames="0-699", chunks={"explicit": listed})


def test_a_failed_attempt_in_too_many_pieces_counts_up_to_its_first_missing_frame(small):
    world = World(spec(frames="10001-16000", chunks={"size": 6000}, output={"path": "/o", "file": "#.png"}))
    world.extra = {"looks": True}
    world.step()
    [running] = world.running
    done = FrameSet.range(10001, 10100) | some_of(FrameSet.range(10102, 16000), random.Random(1), 0.5)
    world.end(running, Phase.FAILED, exit_code=1, missing=running.attempt.frames - done)
    world.step()
    assert world.status.frames.completed == "10001-10100"
    world.pass_time(3600)
    assert world.run().state is State.COMPLETED
