"""A chunk that fails for good is split, so that only the bad frames are lost, at a cost that is bounded."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderjob.api import State
from renderjob.core import Phase, splitting
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World

NO_WAIT = {"initial": "0s"}


def in_order(attempt, bad):
    """A renderer that dies at the first bad frame: (phase, what is missing)."""
    first = next((frame for frame in attempt.frames if frame in bad), None)
    if first is None:
        return Phase.SUCCEEDED, FrameSet()
    return Phase.FAILED, FrameSet(frame for frame in attempt.frames if frame >= first)


def all_or_nothing(attempt, bad):
    """A renderer that leaves nothing of a chunk with a bad frame."""
    if attempt.frames.isdisjoint(bad):
        return Phase.SUCCEEDED, FrameSet()
    return Phase.FAILED, attempt.frames


def rendered(world, bad, renderer=in_order, most=5000):
    """Run a job whose bad frames always fail; returns the frames of each attempt."""
    attempts = []
    world.extra = {"looks": True}
    for _ in range(most):
        world.step()
        if world.status.state.terminal and not world.attempts:
            return attempts
        world.end_stopping_with_nothing()
        if world.running:
            running = world.running[0]
            phase, missing = renderer(running.attempt, bad)
            attempts.append(str(running.attempt.frames))
            world.end(running, phase, missing=missing, exit_code=0 if phase is Phase.SUCCEEDED else 1)
        elif world.merging:
            world.end_all()
        else:
            world.sleep_until_wake()
    raise AssertionError(f"the job does not come to an end: {world.status}")


def shot(frames="1-100", size=10, **fields):
    retries = {"perChunk": 1, "backoff": NO_WAIT} | fields.pop("retries", {})
    return World(spec(frames=frames, chunks={"size": size}, retries=retries, parallelism=2, **fields))


@pytest.mark.parametrize("renderer", [in_order, all_or_nothing])
def test_two_bad_frames_cost_two_frames(renderer):
    world = shot("1001-1240", 8, tolerate={"failedFrames": "10%"}, merge={"template": TEMPLATE})
    bad = FrameSet.parse("1019,1050")
    rendered(world, bad, renderer)
    assert world.status.state is State.COMPLETED
    assert world.status.result.missing_frames == "1019,1050"
    assert world.status.completed_frames == 238


TEMPLATE = {"spec": {"containers": [{"name": "merge", "command": ["merge"]}]}}


def test_a_renderer_that_got_on_stopped_at_the_frame_that_is_tried_alone():
    world = shot("1-8", 8, tolerate={"failedFrames": 1})
    attempts = rendered(world, FrameSet.parse("3"))
    assert attempts == ["1-8", "3-8", "3-5", "6-8", "3-4", "5", "3", "4"]
    world = shot("1-8", 8, retries={"perChunk": 0}, tolerate={"failedFrames": 1})
    assert rendered(world, FrameSet.parse("3")) == ["1-8", "3", "4-8"]


def test_a_part_gets_one_attempt_and_its_number_goes_on():
    world = shot("1-4", 4, retries={"perChunk": 1})
    world.extra = {"looks": True}
    for number in (1, 2, 3):
        world.step()
        assert world.running[0].attempt.number == number
        world.end(world.running[0], Phase.FAILED, missing=world.running[0].attempt.frames)
    world.step()
    assert "ChunkSplit" in world.events
    assert [entry.size for entry in world.status.retrying] == [1]
    assert {r.attempt.number for r in world.running} == {3}


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(2, 40),
    bad=st.sets(st.integers(1, 120), max_size=6),
    renderer=st.sampled_from([in_order, all_or_nothing]),
    per_chunk=st.integers(0, 2),
)
def test_only_the_bad_frames_are_lost_and_each_costs_at_most_two_attempts_a_halving(
    size, bad, renderer, per_chunk
):
    # A first chunk of one frame, which is whole: the job is not broken everywhere.
    world = shot("-100,1-120", size, retries={"perChunk": per_chunk, "canary": False})
    attempts = rendered(world, FrameSet(bad), renderer)
    assert FrameSet.parse(world.status.frames.failed) == FrameSet(bad)
    assert world.status.completed_frames == 121 - len(bad)
    chunks = 1 + math.ceil(120 / size)
    most = chunks + len(bad) * (per_chunk + 2 * math.ceil(math.log2(size)) + 2)
    assert len(attempts) <= most, "the cost of a bad frame is bounded"


@pytest.mark.parametrize(
    ("frames", "size", "bad"),
    [
        ("1-120", 27, {4, 22, 34, 44, 63, 102}),
        ("1-120", 33, {9, 18, 45, 63}),
        ("1-120", 35, {13, 14, 29, 36, 55, 107}),
        ("1-120", 28, {1, 28, 33, 51, 100}),
        ("0,1-120", 13, {1, 8, 13, 20}),
        ("1-40", 40, {1, 11, 21, 31}),
        ("1-12", 12, {3, 6, 7, 10}),
    ],
)
@pytest.mark.parametrize("parallelism", [1, 2, 4])
def test_bad_frames_in_all_of_the_first_chunks_cost_no_good_frame(frames, size, bad, parallelism):
    world = World(
        spec(
            frames=frames,
            chunks={"size": size},
            retries={"perChunk": 0, "canary": False, "backoff": NO_WAIT},
            parallelism=parallelism,
        )
    )
    rendered(world, FrameSet(bad), all_or_nothing)
    assert FrameSet.parse(world.status.frames.failed) == FrameSet(bad)


def test_until_something_is_rendered_whole_chunks_come_before_parts():
    world = shot("1-12", 4, retries={"perChunk": 0, "canary": False})
    attempts = rendered(world, FrameSet.parse("1,5"), all_or_nothing)
    assert attempts[:3] == ["1-4", "5-8", "9-12"]


@pytest.mark.parametrize("size", [10, 100])
def test_where_everything_fails_the_parts_soon_stop(size):
    world = shot("1-1000", size, retries={"perChunk": 0, "canary": False})
    attempts = rendered(world, FrameSet.parse("1-1000"), all_or_nothing)
    assert world.status.frames.failed == "1-1000"
    assert len(attempts) <= 1000 // size + splitting.BARREN_AT_FIRST + 2


def test_after_something_was_rendered_more_parts_may_fail_in_a_row_but_not_all_of_them():
    world = shot("1-1000", 100, retries={"perChunk": 0})
    attempts = rendered(world, FrameSet.parse("101-1000"), all_or_nothing)
    assert world.status.frames.failed == "101-1000"
    assert len(attempts) <= 10 + 2 * (splitting.BARREN + 1)


def test_a_renderer_that_succeeds_and_writes_nothing_writes_elsewhere_so_parts_would_tell_no_more():
    world = shot("1-10", 10, retries={"perChunk": 0})
    attempts = rendered(world, FrameSet.parse("1-10"), lambda attempt, _: (Phase.SUCCEEDED, attempt.frames))
    assert attempts == ["1-10"]


@pytest.mark.parametrize(
    "fields",
    [
        {"output": {"path": "/out", "chunkFile": "part-$(RENDER_START).mkv"}},
        {"retries": {"perChunk": 0, "rules": [{"exitCodes": [1], "action": "FailChunk"}]}},
        {"retries": {"perChunk": 0, "rules": [{"exitCodes": [1], "action": "FailJob"}]}},
        {"retries": {"perChunk": 0, "onFailure": "Stop"}},
    ],
)
def test_files_of_whole_chunks_rules_and_jobs_that_are_lost_at_once_split_nothing(fields):
    retries = {"perChunk": 0} | fields.pop("retries", {})
    world = shot("1-10", 10, retries=retries, **fields)
    attempts = rendered(world, FrameSet.parse("5"), all_or_nothing)
    assert attempts == ["1-10"]
    assert world.status.frames.failed == "1-10"


def test_a_pass_over_what_failed_is_over_the_bad_frames_alone():
    world = shot("1-10", 10, retries={"perChunk": 0, "perJob": 1})
    attempts = rendered(world, FrameSet.parse("7"))
    assert attempts == ["1-10", "7", "8-10", "7"]
    assert world.status.state is State.FAILED
    assert world.status.frames.failed == "7"


def test_a_disruption_of_a_part_is_free_and_it_stays_a_part():
    world = shot("1-4", 4, retries={"perChunk": 0})
    world.extra = {"looks": True}
    world.step()
    world.end(world.running[0], Phase.FAILED, missing=FrameSet.parse("1-4"))
    world.step()
    assert [str(r.attempt.frames) for r in world.running] == ["1-2", "3-4"]
    for running in world.running:
        world.end(running, Phase.LOST, missing=running.attempt.frames)
    world.step()
    assert [str(r.attempt.frames) for r in world.running] == ["1-2", "3-4"]
    assert {r.attempt.number for r in world.running} == {2}


def test_in_a_cluster_parts_are_made_of_what_a_look_does_not_find():
    output = {"path": "/out", "file": "####.png"}
    world = shot("1-8", 8, retries={"perChunk": 0}, output=output)
    world.step()
    world.end(world.running[0], Phase.FAILED)
    world.step()
    [look] = world.verifying
    world.end(look, missing=FrameSet.parse("3-8"))
    world.step()
    assert sorted(str(r.attempt.frames) for r in world.running) == ["3", "4-8"]
    for running in world.running:
        bad = running.attempt.frames == FrameSet.parse("3")
        world.end(running, Phase.FAILED if bad else Phase.SUCCEEDED)
    world.step()
    world.end(world.verifying[0], missing=FrameSet.parse("3"))
    world.step()
    assert world.status.state is State.FAILED
    assert world.status.frames.failed == "3"
