"""Free failures wait, longer each time; and a job in which nothing else happens says so until something succeeds."""

from __future__ import annotations

from itertools import pairwise

import pytest

from renderjob.api import State
from renderjob.core import Kind, Phase
from renderjob.core.backoff import free_wait
from renderjob.frames import FrameSet
from support.jobs import spec
from support.world import World

IGNORE = {"rules": [{"exitCodes": [5], "action": "Ignore"}]}


def one_chunk(**fields):
    return World(spec(frames="1-10", chunks={"size": 10}, **fields))


def ended_again_and_again(world: World, times: int, phase=Phase.FAILED, **seen) -> list[float]:
    """The seconds between ends and the starts that follow."""
    pauses = []
    world.step()
    for _ in range(times):
        [running] = world.running
        world.end(running, phase, **seen)
        ended = world.now
        world.step()
        while not world.running:
            world.sleep_until_wake()
            world.step()
        pauses.append((world.now - ended).total_seconds())
    return pauses


def test_the_first_disruption_in_a_row_is_quick_and_those_that_follow_wait_longer_each_time():
    world = one_chunk(retries={"perChunk": 0})
    pauses = ended_again_and_again(world, 6, Phase.LOST)
    assert pauses[0] == 0
    assert all(later > 1.5 * sooner for sooner, later in pairwise(pauses[1:]))
    assert world.status.attempts.failed == 0
    assert world.run().state is State.COMPLETED


@pytest.mark.parametrize("backoff", [{}, {"initial": "0s"}, {"initial": "0s", "max": "0s"}])
def test_a_rule_that_ignores_does_not_repeat_a_chunk_without_a_pause(backoff):
    world = one_chunk(retries={**IGNORE, "backoff": backoff})
    begun = world.now
    ended_again_and_again(world, 12, exit_code=5)
    assert (world.now - begun).total_seconds() > 120
    assert world.status.attempts.disrupted == 12


def test_the_pauses_have_a_bound():
    backoff = spec().retries.backoff
    assert free_wait(backoff, 1000, "seed").total_seconds() <= backoff.max


def test_a_chunk_that_got_on_by_its_files_begins_anew_with_its_pauses():
    world = one_chunk()
    ended_again_and_again(world, 3, Phase.LOST)
    [running] = world.running
    world.end(running, Phase.LOST, missing=FrameSet.parse("9-10"))
    world.step()
    assert [str(r.attempt.frames) for r in world.running] == ["9-10"]


def test_what_a_log_says_of_itself_shortens_no_pause():
    world = one_chunk(retries=IGNORE)
    pauses = ended_again_and_again(world, 4, exit_code=5, frames_done=FrameSet.parse("1-9"))
    assert pauses[3] > 30


def test_when_nothing_but_free_failures_happens_the_job_says_so_until_something_succeeds():
    world = one_chunk(retries=IGNORE)
    ended_again_and_again(world, 8, exit_code=5, log="no licence")
    [stalled] = [c for c in world.status.conditions if c.type == "Stalled"]
    assert (stalled.status, stalled.reason) == ("True", "OnlyFreeFailures")
    assert "8 in a row" in stalled.message
    assert "no licence" in world.status.error
    world.end_all()
    world.step()
    assert world.status.error == ""
    assert world.run().state is State.COMPLETED


def test_a_failure_that_counts_is_another_matter():
    world = one_chunk(retries=IGNORE)
    ended_again_and_again(world, 8, exit_code=5)
    world.end_all(Phase.FAILED, exit_code=1)
    world.step()
    assert world.status.free_failures.in_a_row == 0
    assert world.status.conditions[2].status == "False"


def test_many_chunks_that_go_with_their_node_are_one_mishap():
    world = World(spec(frames="1-50", chunks={"size": 1}, parallelism=50))
    world.step()
    world.end_all(Phase.LOST, node="n1")
    world.step()
    assert len(world.running) == 50
    assert world.status.conditions[1].status == "True", "Reconciling"


def test_while_nothing_but_free_failures_happens_no_new_chunk_starts():
    world = World(spec(frames="1-200", chunks={"size": 1}, parallelism=2, retries=IGNORE))
    for _ in range(400):
        world.step()
        world.end_all(Phase.FAILED, exit_code=5)
        world.sleep_until_wake()
    waiting = FrameSet.union_of(FrameSet.parse(entry.frames) for entry in world.status.retrying)
    assert len(waiting) < 50
    assert world.run().state is State.COMPLETED


def test_a_merge_and_a_look_that_are_lost_wait_longer_each_time_too_and_count_in_the_end():
    merge = {"ffmpeg": {"file": "film.mp4", "fps": 24}}
    backoff = {"initial": "0s"}
    world = World(
        spec(
            frames="1-4",
            parallelism=1,
            output={"path": "/o", "file": "#.png"},
            merge=merge,
            retries={"backoff": backoff},
        )
    )
    for kind in (Kind.VERIFY, Kind.MERGE):
        while not any(r.attempt.kind is kind for r in world.attempts.values()):
            world.step()
            world.end_all()
            world.step()
        begun = world.now
        for _ in range(5):
            world.end_all(Phase.LOST)
            world.step()
            while not (world.verifying or world.merging):
                world.sleep_until_wake()
                world.step()
        assert (world.now - begun).total_seconds() > 25
    assert world.run().state is State.COMPLETED
    assert world.status.attempts.failed == 0
