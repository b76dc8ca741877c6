"""chunks.order Sequential: one chunk after the other, each when the one before is whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderjob.api import State
from renderjob.core import Phase
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World


def simulation(frames="1-16", size=4, **fields):
    retries = {"perChunk": 2, "backoff": {"initial": "3s"}} | fields.pop("retries", {})
    chunks = {"size": size, "order": "Sequential"}
    return World(spec(frames=frames, chunks=chunks, retries=retries, **{"parallelism": 4} | fields))


def running(world):
    world.step()
    return [str(r.attempt.frames) for r in world.running]


def test_the_next_chunk_starts_when_the_one_before_is_there_whatever_parallelism_says():
    world = simulation()
    for frames in ("1-4", "5-8", "9-12", "13-16"):
        assert running(world) == [frames]
        assert running(world) == [frames], "nothing starts beside it"
        world.end_all()
    assert world.run().state is State.COMPLETED


def test_a_retry_is_waited_for_and_nothing_behind_it_spends_one():
    world = simulation()
    world.extra = {"looks": True}
    assert running(world) == ["1-4"]
    world.end_all()
    assert running(world) == ["5-8"]
    world.end(world.running[0], Phase.FAILED, missing=FrameSet.parse("6-8"))
    assert running(world) == [], "the wait before the retry is everybody's"
    world.sleep_until_wake()
    assert running(world) == ["6-8"]
    world.end_all()
    assert running(world) == ["9-12"]
    assert world.run().state is State.COMPLETED
    assert world.status.attempts.failed == 1


def test_frames_that_nobody_has_looked_for_are_not_built_upon():
    world = simulation(output={"path": "/out", "file": "####.bgeo"})
    assert running(world) == ["1-4"]
    world.end_all()
    assert running(world) == []
    [look] = world.verifying
    world.end(look, missing=FrameSet.parse("3-4"))
    assert running(world) == []
    world.sleep_until_wake()
    assert running(world) == ["3-4"]


@pytest.mark.parametrize("on_failure", ["Continue", "Stop"])
def test_a_frame_that_fails_for_good_takes_what_follows_along(on_failure):
    world = simulation(retries={"perChunk": 0, "onFailure": on_failure})
    world.extra = {"looks": True}
    running(world)
    world.end_all()
    running(world)
    world.end(world.running[0], Phase.FAILED, missing=FrameSet.parse("6-8"), log="solver diverged")
    assert running(world) == []
    assert world.status.state is State.FAILED
    assert world.status.frames.failed == "6-16"
    assert world.status.frames.completed == "1-5"
    assert "FramesNotTried" in world.events
    assert world.status.error == "11 frames failed: 6-16; last: solver diverged"
    world.edit(retry=1)
    assert running(world) == ["6-8"]


def test_what_follows_a_failure_counts_against_what_is_tolerated():
    world = simulation(retries={"perChunk": 0}, tolerate={"failedFrames": 4})
    for _ in range(3):
        running(world)
        world.end_all()
    running(world)
    world.end_all(Phase.FAILED)
    world.step()
    assert world.status.state is State.COMPLETED
    assert world.status.result.missing_frames == "13-16"


def test_listed_chunks_follow_each_other_as_they_are_listed():
    listed = [{"frames": frames, "command": ["sim"]} for frames in ("9-12", "1-4", "5-8")]
    chunks = {"explicit": listed, "order": "Sequential"}
    world = World(spec(frames="1-12", chunks=chunks, parallelism=3, retries={"perChunk": 0}))
    assert running(world) == ["9-12"]
    world.end_all()
    assert running(world) == ["1-4"]
    world.end_all(Phase.FAILED)
    assert running(world) == []
    assert world.status.frames.failed == "1-8"


def test_a_frame_in_the_middle_that_was_lost_is_rendered_again_alone():
    world = simulation()
    world.run()
    world.extra = {"lost": FrameSet.parse("6")}
    assert running(world) == ["6"]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.integers(1, 5), passes=st.integers(0, 1))
def test_whatever_happens_a_frame_starts_only_when_all_before_it_are_there(data, size, passes):
    world = simulation("1-12", size, retries={"perChunk": 1, "perJob": passes, "backoff": {"initial": "1s"}})
    world.extra = {"looks": True}
    for _ in range(60):
        world.step()
        done = FrameSet.parse(world.status.frames.completed)
        assert len(world.running) <= 1
        for one in world.running:
            before = FrameSet.parse("1-12").slice(0, one.attempt.frames.first - 1)
            assert before <= done
        if world.status.state.terminal:
            break
        if not world.running:
            world.sleep_until_wake()
            continue
        frames = world.running[0].attempt.frames
        rest = frames.slice(data.draw(st.integers(0, len(frames))), len(frames))
        phase = data.draw(st.sampled_from([Phase.FAILED, Phase.LOST])) if rest else Phase.SUCCEEDED
        world.end(world.running[0], phase, missing=rest)
