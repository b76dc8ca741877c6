"""A pod that was deleted and whose node does not answer: its frames wait, and somebody is told what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from renderjob.api import State
from renderjob.core import Phase
from renderjob.core.evidence import ContainerEvidence, Evidence
from support.jobs import spec
from support.world import World


def taken_from(world: World, node: str = "n7") -> None:
    """The taint manager deletes the pod of a node that went silent."""
    pod = Evidence(
        disruption="DeletionByTaintManager",
        deleted_at=world.now,
        ends_by=world.now + timedelta(seconds=30),
        node=node,
        containers=(ContainerEvidence("render", running=True),),
    )
    running = world.running[0]
    running.seen = replace(running.seen, node=node, evidence=pod)


def reconciling(world: World) -> tuple[str, str]:
    ready = world.status.conditions[0]
    return ready.reason, ready.message


def test_it_is_told_a_minute_after_it_should_have_ended_and_its_frames_are_rendered_nowhere_else():
    world = World(spec(frames="1-10", parallelism=2))
    world.step()
    taken_from(world)
    world.step()
    assert reconciling(world)[0] == "Rendering"
    world.sleep_until_wake()
    world.step()
    reason, message = reconciling(world)
    assert reason == "NodeUnreachable"
    assert "frames 1-10 on node n7 was deleted 1m30s ago" in message
    assert "kubectl delete node" in world.status.error
    assert len(world.running) == 1


def test_once_kubernetes_says_that_it_is_gone_they_are_rendered_again_for_free():
    world = World(spec(frames="1-10", parallelism=2, retries={"perChunk": 0}))
    world.step()
    taken_from(world)
    world.pass_time(600)
    world.step()
    world.end(world.running[0], Phase.LOST, exit_code=None)
    status = world.run()
    assert status.state is State.COMPLETED
    assert (status.error, status.attempts.failed, status.attempts.disrupted) == ("", 0, 1)
