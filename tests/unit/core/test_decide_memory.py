"""Out of memory: more for the next attempt, and what worked is remembered."""

from __future__ import annotations

from renderjob.api import State
from renderjob.core import Phase
from support.jobs import manifest, spec
from support.world import World

GROWTH = {"perChunk": 0, "memory": {"factor": 2, "max": "8Gi"}, "backoff": {"initial": "0s"}}
GI = 1 << 30


def world(limit="1Gi", **fields):
    template = manifest()["spec"]["template"]
    template["spec"]["containers"][0]["resources"] = {"limits": {"memory": limit}}
    return World(
        spec(
            frames="1-10",
            chunks={"size": 1},
            retries=GROWTH,
            template=template,
            **{"parallelism": 1, **fields},
        )
    )


def run_needing(w, need, limit=GI, most=100):
    """Chunks die of memory below `need`. Returns how many did."""
    killed = 0
    for _ in range(most):
        w.step()
        if w.status.state.terminal:
            return killed
        for running in w.running:
            had = running.attempt.memory or limit
            if had < need:
                killed += 1
                w.end(running, Phase.FAILED, exit_code=137, out_of_memory=True, memory=had)
            else:
                w.end(running, memory=had)
    raise AssertionError(w.status)


def test_what_worked_is_remembered_for_the_chunks_that_follow():
    w = world()
    assert run_needing(w, 3 * GI) == 2, "1Gi and 2Gi are too little for the first chunk, and for no other"
    assert w.status.state is State.COMPLETED
    assert w.status.learned_memory == "4Gi"
    assert w.status.attempts.out_of_memory == 2


def test_a_template_with_more_memory_than_was_learned_is_left_as_it_is():
    w = world()
    w.step()
    w.end(w.running[0], Phase.FAILED, out_of_memory=True, memory=GI)
    w.step()
    w.end(w.running[0])
    template = manifest()["spec"]["template"]
    template["spec"]["containers"][0]["resources"] = {"limits": {"memory": "6Gi"}}
    w.edit(template=template)
    w.step()
    assert w.status.learned_memory == "2Gi"
    assert w.running[0].attempt.memory is None


def test_more_than_the_maximum_is_never_asked_for():
    w = world()
    run_needing(w, 9 * GI)
    assert w.status.state is State.FAILED
    assert "ran out of memory with 8Gi" in w.status.error


def test_running_out_of_memory_on_two_nodes_is_no_reason_to_give_up():
    w = world()
    for node in ("n1", "n2", "n3"):
        w.step()
        [running] = w.running
        had = running.attempt.memory or GI
        w.end(running, Phase.FAILED, exit_code=137, out_of_memory=True, memory=had, node=node)
    w.step()
    assert w.status.state is State.RUNNING
    assert w.running[0].attempt.memory == 8 * GI
