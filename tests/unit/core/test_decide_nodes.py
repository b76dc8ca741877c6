"""Bad nodes are avoided, chunks are tried elsewhere, and what fails everywhere is not the node's fault."""

from __future__ import annotations

from dataclasses import replace

from renderjob.api import State
from renderjob.core import Phase
from support.blocked import blocked_by
from support.jobs import spec
from support.world import World

NO_WAIT = {"initial": "0s"}
AFFINITY = "Unschedulable: 0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."


def farm(**fields):
    retries = {"perChunk": 5, "backoff": NO_WAIT, "canary": False} | fields.pop("retries", {})
    return World(spec(frames="1-200", chunks={"size": 1}, retries=retries, **{"parallelism": 5, **fields}))


def one_round(world, nodes, bad=(), log="cuda error 7"):
    """Each running chunk ends on the next node; on a bad one it fails."""
    world.step()
    for running, node in zip(list(world.running), nodes, strict=False):
        allowed = next((n for n in (node, *nodes) if n not in running.attempt.avoid), node)
        failed = allowed in bad
        world.end(
            running, Phase.FAILED if failed else Phase.SUCCEEDED, node=allowed, log=log if failed else ""
        )
    world.step()


FIVE = ["n1", "n2", "n3", "n4", "n5"]


def test_a_node_that_fails_while_others_do_well_is_avoided():
    world = farm()
    one_round(world, FIVE, bad=["n3"])
    assert world.status.avoided_nodes == []
    one_round(world, FIVE, bad=["n3"])
    assert world.status.avoided_nodes == ["n3"]
    assert "NodeAvoided" in world.events
    world.step()
    assert all("n3" in running.attempt.avoid for running in world.running)


def test_an_avoided_node_is_forgiven_after_a_while():
    world = farm(nodes={"avoidAfter": 2, "forgiveAfter": "1h"})
    one_round(world, FIVE, bad=["n3"])
    one_round(world, FIVE, bad=["n3"])
    assert world.wake is not None
    world.pass_time(3601)
    world.step()
    assert world.status.avoided_nodes == []


def test_when_many_nodes_fail_it_is_not_the_node():
    world = farm()
    for _ in range(4):
        one_round(world, FIVE, bad=FIVE)
    assert world.status.avoided_nodes == []


def test_a_failure_that_is_not_the_nodes_fault_is_not_held_against_it():
    world = farm(retries={"rules": [{"exitCodes": [75], "action": "BackOff"}]})
    world.step()
    for running in list(world.running):
        world.end(running, Phase.FAILED, node="n1", exit_code=75)
    world.step()
    assert world.status.nodes == []


def test_a_chunk_is_retried_on_another_node():
    world = farm(parallelism=2)
    world.step()
    first, second = world.running
    world.end(first, Phase.FAILED, node="n1", log="boom")
    world.end(second, node="n2")
    world.step()
    retry = next(r for r in world.running if r.attempt.number == 2)
    assert retry.attempt.avoid == ("n1",)


def test_where_only_one_node_is_known_a_retry_may_go_there_again():
    world = farm(parallelism=1)
    world.step()
    world.end(world.running[0], Phase.FAILED, node="n1", log="boom")
    world.step()
    [retry] = world.running
    assert retry.attempt.avoid == ()
    assert retry.attempt.shun == ("n1",)


def test_a_node_that_eats_chunks_from_the_start_spends_no_chunks_retries():
    """It fails at once what the others take long for, so nothing but its failures is known yet."""
    world = farm(parallelism=4, retries={"perChunk": 1, "canary": True})
    for _ in range(12):
        world.step()
        for running in world.running:
            taken = {other.seen.node for other in world.running}
            if not running.seen.node:
                free = (n for n in FIVE[:4] if n not in taken and n not in running.attempt.avoid)
                running.seen = replace(running.seen, node=next(free, ""))
        for running in list(world.running):
            if running.seen.node == "n1":
                assert running.attempt.number == 1, "the second try waits for another node"
                world.end(running, Phase.FAILED, log="no gpu")
    assert world.status.attempts.failed >= 1
    world.end_all()
    world.step()
    assert world.status.state is State.RUNNING
    assert not world.status.frames.failed


def test_a_chunk_that_failed_on_the_only_node_there_is_left_gets_it_again():
    world = farm(parallelism=2)
    world.step()
    first, second = world.running
    first.seen = replace(first.seen, node="n1")
    world.end(second, Phase.FAILED, node="n2", log="boom")
    world.step()
    retry = next(r for r in world.running if r.attempt.number == 2)
    assert retry.attempt.avoid == ("n2",)
    retry.seen = replace(retry.seen, started_at=None, waiting=blocked_by(AFFINITY), waiting_since=world.now)
    world.step()
    assert retry.stopping
    world.end_stopping()
    world.step()
    again = next(r for r in world.running if r.attempt.frames == retry.attempt.frames)
    assert again.attempt.avoid == ()
    assert again.attempt.number == 2, "it cost nothing"


def test_the_same_failure_on_two_nodes_gets_no_third_try():
    world = World(spec(frames="1-10", retries={"perChunk": 5, "backoff": NO_WAIT, "onFailure": "Stop"}))
    for node in ("n1", "n2"):
        world.step()
        world.end(
            world.running[0], Phase.FAILED, node=node, exit_code=1, log=f"Error: frame {node[1]}: no texture"
        )
    world.step()
    assert world.status.state is State.FAILED
    assert len(world.started_ids) == 2
    assert "the same way on nodes n1 and n2" in world.status.failures[-1].message


def test_another_failure_on_the_second_node_spends_retries_as_usual():
    world = World(spec(frames="1-10", retries={"perChunk": 5, "backoff": NO_WAIT}))
    for node, log in (("n1", "no texture"), ("n2", "segmentation fault")):
        world.step()
        world.end(world.running[0], Phase.FAILED, node=node, exit_code=1, log=log)
    world.step()
    assert world.status.state is State.RUNNING
    assert world.running[0].attempt.number == 3


def test_when_no_node_is_left_the_oldest_is_forgiven():
    world = farm(nodes={"avoidAfter": 1, "forgiveAfter": "1h"})
    one_round(world, FIVE, bad=["n3"])
    world.pass_time(10)
    one_round(world, FIVE, bad=["n2"])
    assert world.status.avoided_nodes == ["n3", "n2"]
    world.step()
    for running in world.running:
        running.seen = replace(running.seen, started_at=None, waiting=blocked_by(AFFINITY))
    world.step()
    assert world.status.avoided_nodes == ["n2"], "one at a time"
    assert "NodeForgiven" in world.events
    world.end_stopping()
    world.step()
    assert all("n3" not in running.attempt.avoid for running in world.running)


def test_a_full_cluster_forgives_nobody():
    world = farm(nodes={"avoidAfter": 1, "forgiveAfter": "1h"})
    one_round(world, FIVE, bad=["n3"])
    world.step()
    for running in world.running:
        full = "Unschedulable: 0/5 nodes are available: 1 didn't match affinity, 4 Insufficient cpu."
        running.seen = replace(running.seen, started_at=None, waiting=blocked_by(full))
    world.step()
    assert world.status.avoided_nodes == ["n3"]


def test_nodes_are_remembered_in_bounds():
    world = farm(parallelism=50)
    for number in range(0, 200, 50):
        one_round(world, [f"node-{number + k}" for k in range(50)], bad=[])
    assert len(world.status.nodes) <= 100
