"""Nothing can be started, or nothing runs yet: the status says why, in the words of who holds it up."""

from __future__ import annotations

from dataclasses import replace

from renderjob.api import FailureClass, State
from renderjob.core import Phase, Refusal
from support.blocked import blocked_by
from support.jobs import spec
from support.world import World

QUOTA = Refusal("QuotaExceeded", 'jobs.batch "shot-1" is forbidden: exceeded quota: small, used: pods=3')


def condition(status, name):
    return next(c for c in status.conditions if c.type.value == name)


def refused(world, refusal):
    world.extra = {"refused": refusal} if refusal else {}
    decision = world.decide()
    world.status = decision.status
    world.events += [event.reason for event in decision.events]
    return decision


def test_a_refusal_is_a_stalled_condition_with_the_words_of_who_refused():
    world = World(spec(frames="1-20", chunks={"size": 10}, parallelism=2))
    world.step(acts=0)
    refused(world, QUOTA)
    assert world.status.state is State.PENDING
    assert world.status.error == QUOTA.message
    for name, value in {
        "Stalled": "True",
        "Reconciling": "False",
        "Ready": "False",
        "Failed": "False",
    }.items():
        assert condition(world.status, name).status == value
    assert condition(world.status, "Stalled").reason == "QuotaExceeded"
    assert condition(world.status, "Stalled").message == QUOTA.message


def test_it_is_told_once_and_clears_by_itself():
    world = World(spec(frames="1-20", chunks={"size": 10}, parallelism=2))
    world.step(acts=0)
    for _ in range(3):
        refused(world, QUOTA)
    assert world.events.count("QuotaExceeded") == 1
    assert refused(world, QUOTA).status is world.status, "nothing changed, so nothing is written"
    world.extra = {}
    world.step()
    assert condition(world.status, "Stalled").status == "False"
    assert world.status.error == ""
    assert world.run().state is State.COMPLETED


def test_a_job_that_runs_stays_running_while_no_more_can_start():
    world = World(spec(frames="1-20", chunks={"size": 10}, parallelism=2))
    world.step(acts=1)
    refused(world, QUOTA)
    assert world.status.state is State.RUNNING
    assert condition(world.status, "Stalled").status == "True"
    assert world.status.active == 1, "what was refused does not run"


def test_chunks_that_wait_for_a_pod_say_why():
    world = World(spec(frames="1-20", chunks={"size": 10}, parallelism=2))
    world.step()
    for running in world.running:
        running.seen = replace(
            running.seen, started_at=None, waiting=blocked_by("ImagePullBackOff: no such image")
        )
    world.step()
    assert condition(world.status, "Reconciling").reason == "WaitingForPods"
    assert "2 chunks wait: ImagePullBackOff: no such image" in condition(world.status, "Ready").message


def test_an_interruption_within_an_attempt_is_free_and_counted_once():
    world = World(spec(frames="1-10", retries={"perChunk": 0}))
    world.step()
    [running] = world.running
    running.seen = replace(running.seen, disruptions=2)
    told = [event for _ in range(3) for event in world.step().events if event.failure_class]
    assert [(event.failure_class, event.count) for event in told] == [(FailureClass.DISRUPTED, 2)]
    assert world.status.attempts.disrupted == 2
    assert world.events.count("ChunkDisrupted") == 1
    world.end(running, Phase.SUCCEEDED)
    world.step()
    assert world.status.state is State.COMPLETED
    assert world.status.attempts.failed == 0


def test_an_interruption_is_counted_though_nobody_looked_before_the_end():
    world = World(spec(frames="1-10", retries={"perChunk": 0}))
    world.step()
    [running] = world.running
    running.seen = replace(running.seen, disruptions=1)
    world.step()
    world.end(running, Phase.SUCCEEDED, disruptions=2)
    world.step()
    assert world.status.state is State.COMPLETED
    assert (world.status.attempts.disrupted, world.status.attempts.succeeded) == (2, 1)


def test_whole_seconds_never_make_a_chunk_too_fast():
    world = World(spec(frames="1-10", timeouts={"minimum": "1s"}))
    world.step()
    [running] = world.running
    world.pass_time(0.4)
    world.end(running, grain=1.0)
    world.step()
    assert world.status.state is State.COMPLETED
