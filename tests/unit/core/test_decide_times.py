"""Chunks that fit: frame times are measured, sizes follow, the tail is shared, the estimate says how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import accumulate, pairwise

import pytest

from renderjob.api import ChunkTime, State
from renderjob.core.frametimes import fit
from support.jobs import spec
from support.world import World


def test_startup_and_frames_are_told_apart_by_chunks_of_different_sizes():
    chunks = [ChunkTime(frames=n, seconds=30 + 2 * n) for n in (1, 5, 10, 20)]
    assert fit(chunks) == pytest.approx((30, 2))


def test_chunks_of_one_size_leave_all_of_it_to_the_frames():
    assert fit([ChunkTime(frames=10, seconds=50)] * 3) == pytest.approx((0, 5))


@pytest.mark.parametrize("times", [[(1, 10), (10, 5)], [(1, 1), (10, 100)]])
def test_a_line_that_makes_no_sense_is_not_believed(times):
    chunks = [ChunkTime(frames=n, seconds=s) for n, s in times]
    startup, per_frame = fit(chunks)
    assert startup == 0
    assert per_frame == pytest.approx(sum(s for _, s in times) / sum(n for n, _ in times))


def simulate(world, *, startup, per_frame, slots):
    """Chunks take startup + frames * per_frame seconds. Returns the sizes of chunks in their order."""
    sizes, ends = [], {}
    for _ in range(5000):
        world.step()
        if world.status.state.terminal:
            return sizes
        for running in world.running:
            if running.attempt.id not in ends:
                sizes.append(len(running.attempt.frames))
                ends[running.attempt.id] = world.now + timedelta(
                    seconds=startup + per_frame * len(running.attempt.frames)
                )
        assert len(world.running) <= slots
        world.now = min(ends[r.attempt.id] for r in world.running)
        for running in world.running:
            if ends[running.attempt.id] <= world.now:
                world.end(running)
    raise AssertionError(world.status)


def test_chunk_sizes_follow_the_target_and_the_startup_counts():
    world = World(spec(frames="1-2000", chunks={"targetDuration": "5m"}, parallelism=4))
    sizes = simulate(world, startup=60, per_frame=2, slots=4)
    assert sizes[:4] == [1, 1, 1, 1], "nothing is known yet"
    assert max(sizes) == 100, "(300 - 60) / 2 = 120 frames fit, in steps of 1, 2, 5, 10, …"
    assert sum(sizes) == 2000
    assert world.status.frame_seconds.startup == pytest.approx(60, abs=1)


def test_times_of_small_chunks_do_not_make_a_large_one():
    """A cold start makes the first chunk slow, so that a line through one and two frames is nearly flat."""
    world = World(spec(frames="1-500", chunks={"targetDuration": "100s"}, parallelism=1))
    sizes, lengths = [], []
    while not world.status.state.terminal:
        world.step()
        for running in world.running:
            frames = len(running.attempt.frames)
            seconds = 30 + 10 * frames + (15 if not sizes else 0)
            sizes.append(frames)
            lengths.append(seconds)
            world.pass_time(seconds)
            world.end(running)
    largest = list(accumulate(sizes, max))
    assert all(after <= 2.5 * before for before, after in pairwise(largest)), sizes
    assert max(lengths) <= 2.5 * 100


def test_the_tail_is_shared_by_all_slots():
    world = World(spec(frames="1-1000", chunks={"targetDuration": "10m"}, parallelism=8))
    began = world.now
    sizes = simulate(world, startup=1, per_frame=10, slots=8)
    assert world.status.state is State.COMPLETED
    assert sum(sizes) == 1000
    took = (world.now - began).total_seconds()
    assert took < 1.2 * 1000 * 10 / 8, "no slot worked much longer than the others"


def test_a_fixed_size_is_never_split():
    world = World(spec(frames="1-100", chunks={"size": 50}, parallelism=8))
    assert sorted(simulate(world, startup=1, per_frame=1, slots=8)) == [50, 50]


def test_the_estimate_has_a_likely_and_a_late_time():
    world = World(spec(frames="1-100", chunks={"size": 10}, parallelism=2))
    for seconds in (10, 30, 12, 11):
        world.step()
        running = world.running[0]
        world.pass_time(seconds)
        world.end(running)
    world.step()
    status = world.status
    assert world.now < status.estimated_completion < status.estimated_completion_p90
    assert status.eta_shown
    assert status.frame_seconds.p50 < status.frame_seconds.p90
    assert status.frame_seconds.slowest is not None


def test_the_estimate_knows_what_it_takes_to_begin():
    """Chunks that take no time by themselves: a pod for each of them does."""
    world = World(spec(frames="1-100", chunks={"size": 1}, parallelism=2))
    for _ in range(5):
        world.step()
        began = world.now
        world.pass_time(8)
        for running in world.running:
            running.seen = replace(running.seen, waiting_since=began, started_at=world.now)
        world.end_all()
    world.step()
    left = (world.status.estimated_completion - world.now).total_seconds()
    assert world.status.completed_frames == 10
    assert 300 < left < 400, "88 chunks that have not begun, 8 s each, two at a time"
    assert world.status.frame_seconds.p50 == 0
