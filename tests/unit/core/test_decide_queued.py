"""Time in a queue is no time of the job's: timeouts.job does not run while nothing of it is admitted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from renderjob.api import State, WaitReason
from renderjob.core import Phase
from renderjob.core.blocked import Blocked
from support.blocked import QUEUED
from support.jobs import spec
from support.world import START, World


def queued(world: World, *, admitted: int = 0) -> None:
    """A queue holds all attempts but the first few, which run since now."""
    for number, running in enumerate(world.running):
        if number < admitted:
            running.seen = replace(running.seen, queued=False, waiting=None, started_at=world.now)
        else:
            running.seen = replace(
                running.seen,
                queued=True,
                started_at=None,
                waiting=QUEUED,
            )


def a_world() -> World:
    world = World(spec(frames="1-4", chunks={"size": 2}, parallelism=2, timeouts={"job": "1h"}))
    world.step()
    queued(world)
    world.step()
    return world


def test_a_job_that_waits_in_a_queue_does_not_run_out_of_time():
    world = a_world()
    world.pass_time(100_000)
    world.step()
    assert world.status.state is State.RUNNING
    queued(world, admitted=2)
    world.step()
    assert world.status.queued_since is None
    world.pass_time(3000)
    world.step()
    assert world.status.state is State.RUNNING, "its hour began when it was admitted"
    world.pass_time(700)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert "timeouts.job" in world.status.error


def test_what_runs_beside_what_waits_uses_the_time_up():
    world = a_world()
    queued(world, admitted=1)
    world.step()
    world.pass_time(3700)
    world.step()
    assert "timeouts.job" in world.status.error


def test_only_what_it_waited_is_taken_off():
    world = a_world()
    queued(world, admitted=2)
    world.step()
    world.pass_time(1800)
    queued(world)
    world.step()
    world.pass_time(36_000)
    queued(world, admitted=2)
    world.step()
    assert world.status.active_since == START + timedelta(seconds=36_000)
    world.end_all(Phase.SUCCEEDED)
    world.step()
    assert world.status.state is State.COMPLETED


def test_a_job_in_a_queue_is_not_looked_at_for_its_deadline():
    world = a_world()
    assert world.wake is None


def test_a_merge_that_a_queue_holds_is_told_of_as_chunks_are():
    merge = {
        "template": {"spec": {"containers": [{"name": "merge", "command": ["merge"]}]}},
        "output": "all.mp4",
    }
    world = World(spec(frames="1-4", chunks={"size": 2}, parallelism=2, merge=merge, timeouts={"job": "1h"}))
    world.step()
    world.end_all()
    world.step()
    assert world.status.state is State.MERGING
    [merging] = world.merging
    merging.seen = replace(merging.seen, queued=True, started_at=None, waiting=QUEUED)
    world.step()
    ready = next(c for c in world.status.conditions if c.type == "Ready")
    assert (world.status.state, ready.reason) == (State.MERGING, "WaitingForPods")
    assert "4 of 4 frames are rendered" in ready.message
    assert QUEUED.message in ready.message
    assert world.status.error == "", "it passes by itself"
    world.pass_time(100_000)
    merging.seen = replace(merging.seen, queued=False, started_at=world.now, waiting=None)
    world.step()
    ready = next(c for c in world.status.conditions if c.type == "Ready")
    assert (world.status.state, ready.reason) == (State.MERGING, "Merging")


def test_a_merge_that_a_container_beside_it_keeps_is_one_whose_pod_does_not_end():
    merge = {
        "template": {"spec": {"containers": [{"name": "merge", "command": ["merge"]}]}},
        "output": "all.mp4",
    }
    world = World(spec(frames="1-4", chunks={"size": 2}, parallelism=2, merge=merge))
    world.step()
    world.end_all()
    world.step()
    [merging] = world.merging
    merging.seen = replace(merging.seen, waiting=Blocked(WaitReason.SIDECAR, "SidecarRuns: proxy runs on"))
    world.step()
    ready = next(c for c in world.status.conditions if c.type == "Ready")
    assert (world.status.state, ready.reason) == (State.MERGING, "PodsDoNotEnd")
    assert "proxy runs on" in ready.message
