"""The operator is killed, again and again: every chunk is counted once, and none runs twice at the same time."""

from __future__ import annotations

import random
import time

import pytest

from harness.waiting import until
from support.cluster import ClusterFarm
from support.watching import check_truth, watching
from support.witness import witness

KILLS = 50
CHUNKS = 300
AT_ONCE = 6


@pytest.mark.slow
def test_fifty_kills_in_a_run_of_three_hundred_chunks(own_farm: ClusterFarm):
    """Each life of the operator ends at a moment of its own: while it lists, decides, creates, or counts."""
    rng = random.Random(50)
    operator, plane = own_farm.operator, own_farm.plane
    with (
        witness(plane, own_farm.namespace) as seen,
        watching(plane, own_farm.namespace) as watched,
    ):
        name = own_farm.submit(
            frames=f"1-{3 * CHUNKS}", chunks={"size": 3}, parallelism=AT_ONCE, kwok={"run": "200ms"}
        )
        said = 0
        for _ in range(KILLS):
            known = len(seen.jobs)
            until(lambda said=said: "leads without" in operator.said()[said:], "for it to lead")
            if rng.random() < 0.7:
                # Most lives do something before they end; some do not come to it.
                until(lambda known=known: len(seen.jobs) > known or done(own_farm, name), "for a Job")
            time.sleep(rng.uniform(0, 0.3))
            assert not done(own_farm, name), "the run was too short for fifty kills"
            operator.kill()
            said = len(operator.said())
            operator.start()
        status = own_farm.end(name, patience=180)
        until(lambda: not own_farm.jobs(name) and not own_farm.pods(name), "for the last Jobs to be removed")
        statuses = [thing["status"] for thing in watched.objects()]
    assert status["state"] == "Completed"
    assert (status["completedFrames"], status["completedChunks"]) == (3 * CHUNKS, CHUNKS)
    attempts = status["attempts"]
    assert attempts["succeeded"] == CHUNKS
    assert {count for kind, count in attempts.items() if kind != "succeeded"} == {0}
    assert seen.overlaps == []
    assert seen.most <= AT_ONCE
    assert sorted(seen.attempts().items()) == [(id_, 1) for id_ in range(1, CHUNKS + 1)], (
        "one Job for each chunk"
    )
    assert seen.rendered() == dict.fromkeys(range(1, 3 * CHUNKS + 1), 1)
    assert status["nextAttempt"] == CHUNKS + 1
    check_truth([status for status in statuses if "state" in status])


def done(farm: ClusterFarm, name: str) -> bool:
    return bool(farm.status(name).get("state") == "Completed")
