"""Containers beside the renderer: their memory is their own, and a pod does not last for ever because of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from renderjob.api import FailureClass, State
from renderjob.core import Phase
from renderjob.core.evidence import ContainerEvidence, Evidence, JobEnd, Role
from renderjob.core.inflight import parse
from renderjob.core.words import container_word
from support.jobs import spec
from support.world import Running, World

HELPER = {"name": "helper", "resources": {"limits": {"memory": "256Mi"}}}
FETCH = {"name": "fetch", "resources": {"limits": {"memory": "64Mi"}}}
TEMPLATE = {
    "spec": {
        "containers": [
            {"name": "render", "command": ["r"], "resources": {"limits": {"memory": "8Gi"}}},
            HELPER,
        ],
        "initContainers": [FETCH],
    }
}
MIB = 1 << 20


def job(**fields) -> World:
    retries = {"perChunk": 1, "backoff": {"initial": "0s"}, "memory": {"factor": 2, "max": "1Gi"}}
    return World(spec(frames="1-20", parallelism=1, template=TEMPLATE, retries=retries, **fields))


def ended(name: str, code: int, reason: str, role: Role = Role.SIDECAR) -> ContainerEvidence:
    word = container_word(reason, "")
    return ContainerEvidence(name, role, word=word, reason=reason, exit_code=code)


def died_beside(world: World, *containers: ContainerEvidence, code: int = 0) -> None:
    render = ended("render", code, "Completed" if not code else "Error", Role.RENDER)
    evidence = Evidence(JobEnd.FAILED, terminal=True, containers=(render, *containers))
    [running] = world.running
    world.end(running, Phase.FAILED, exit_code=137, evidence=evidence, memory=8 << 30)
    world.step()


def test_a_sidecar_that_ran_out_of_memory_gets_more_and_the_renderer_keeps_its_own():
    world = job()
    world.step()
    for megabytes in (512, 1024):
        died_beside(world, ended("helper", 137, "OOMKilled"))
        [again] = world.running
        assert again.attempt.memory is None
        assert dict(again.attempt.memories) == {"helper": megabytes * MIB}
        assert again.attempt.number == 1, "more memory spends no retry"
    assert world.status.failures[-1].failure_class is FailureClass.OUT_OF_MEMORY
    assert world.status.failures[-1].message == "container helper ran out of memory with 512Mi"
    died_beside(world, ended("helper", 137, "OOMKilled"))
    assert world.running[0].attempt.number == 2, "at the most there is, a retry is spent"
    died_beside(world, ended("helper", 137, "OOMKilled"))
    assert world.status.frames.failed or world.status.attempts.out_of_memory == 4


def test_an_init_container_gets_its_own_memory_and_what_worked_is_learned_for_chunks_to_come():
    world = job()
    world.step()
    died_beside(world, ended("fetch", 137, "OOMKilled", Role.INIT))
    assert dict(world.running[0].attempt.memories) == {"fetch": 128 * MIB}
    world.end_all()
    world.step()
    assert world.status.learned_beside == {"fetch": "128Mi"}
    assert dict(world.running[0].attempt.memories) == {"fetch": 128 * MIB}
    assert world.running[0].attempt.memory is None


@pytest.mark.parametrize("name", ["istio-proxy", "unlimited"])
def test_a_container_without_a_limit_of_the_manifest_s_is_not_raised_and_costs_a_retry(name):
    world = job()
    world.step()
    died_beside(world, ended(name, 137, "OOMKilled"))
    [again] = world.running
    assert (again.attempt.memories, again.attempt.memory, again.attempt.number) == ((), None, 2)
    assert name in world.status.failures[-1].message


def test_memories_are_written_down_and_read_again():
    world = job()
    world.step()
    died_beside(world, ended("helper", 137, "OOMKilled"))
    [line] = world.status.in_flight
    assert parse(line).memories == (("helper", 512 * MIB),)
    assert parse(line).text() == line


def lingers(world: World, running: Running, name: str = "istio-proxy", code: int = 0) -> datetime:
    """The renderer ends now, and a container beside it runs on."""
    render = replace(ended("render", code, "Completed", Role.RENDER), finished_at=world.now)
    beside = ContainerEvidence(name, Role.SIDECAR, running=True)
    running.seen = replace(running.seen, evidence=Evidence(containers=(render, beside)))
    return world.now


def ready(world: World) -> str:
    return next(c.message for c in world.status.conditions if c.type == "Ready")


def test_a_sidecar_that_never_ends_is_told_within_a_minute_with_what_to_do():
    world = job()
    world.step()
    lingers(world, world.running[0], "helper")
    world.step()
    assert "helper" not in ready(world), "it may tidy up"
    while world.wake is not None and (world.wake - world.now).total_seconds() < 60:
        world.sleep_until_wake()
        world.step()
        if "helper" in ready(world):
            break
    assert "helper" in ready(world)
    assert "initContainers" in ready(world)
    assert "restartPolicy: Always" in ready(world)
    assert "helper" in world.status.error
    assert world.status.state is State.RUNNING


def test_an_injected_sidecar_that_never_ends_costs_a_minute_and_no_frame():
    world = job()
    world.step()
    lingers(world, world.running[0])
    world.step()
    world.pass_time(60)
    world.step()
    assert world.status.frames.completed == "1-10"
    assert "SidecarEnded" in world.events
    [left] = [r for r in world.attempts.values() if r.attempt.id == 1]
    assert left.stopping, "its pod is ended"
    assert world.status.attempts.succeeded == 1
    world.end_stopping()
    assert world.run().state is State.COMPLETED


def test_a_container_of_the_manifest_may_have_work_after_the_renderer_and_timeouts_chunk_bounds_it():
    world = job(timeouts={"chunk": "10m"})
    world.step()
    lingers(world, world.running[0], "helper")
    world.step()
    world.pass_time(599)
    world.step()
    assert not world.running[0].stopping
    world.pass_time(1)
    world.step()
    assert world.status.frames.completed == "1-10", "the renderer had ended well"
    assert world.status.attempts.timed_out == 0


def test_without_timeouts_chunk_it_is_bounded_all_the_same():
    world = job()
    world.step()
    lingers(world, world.running[0], "helper")
    for _ in range(10):
        world.step()
        if world.status.frames.completed:
            break
        world.sleep_until_wake()
    assert world.status.frames.completed == "1-10"


def test_a_renderer_that_failed_is_retried_though_a_sidecar_keeps_its_pod():
    world = job()
    world.step()
    lingers(world, world.running[0], "helper", code=3)
    world.step()
    world.pass_time(60)
    world.step()
    [running] = world.running
    assert running.stopping
    evidence = replace(running.seen.evidence, job=JobEnd.DEADLINE, terminal=True)
    world.end(running, Phase.FAILED, exit_code=3, evidence=evidence)
    world.step()
    [failure] = world.status.failures
    assert failure.message.startswith("exit code 3")
    assert [r.attempt.number for r in world.running] == [2]


def test_a_sidecar_that_ends_by_itself_is_no_word():
    world = job()
    world.step()
    [running] = world.running
    lingers(world, running, "helper")
    world.step()
    world.pass_time(6)
    world.end(running, evidence=None)
    world.step()
    assert world.status.frames.completed == "1-10"
    assert "SidecarEnded" not in world.events
