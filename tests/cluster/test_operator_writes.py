"""What the operator asks of the API server, counted by the API server's own audit log."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from harness import ControlPlane
from harness.waiting import until
from support.cluster import ClusterFarm, cluster_farm

CHUNKS = 40


def test_a_chunk_costs_at_most_three_writes_and_no_read(own_farm: ClusterFarm):
    before = own_farm.submit()  # when it has ended, everything is listed, and the operator is under way
    own_farm.end(before)
    until(lambda: not own_farm.jobs(before), "for its Job to be removed")
    mark = own_farm.plane.audit_mark()
    name = own_farm.submit(frames=f"1-{CHUNKS}", chunks={"size": 1}, parallelism=15, kwok={"run": "500ms"})
    status = own_farm.end(name)
    assert status["attempts"]["succeeded"] == CHUNKS
    until(lambda: not own_farm.jobs(name), "for the last Jobs to be removed")
    requests = own_farm.requests(mark)
    asked = Counter((r.verb, r.resource) for r in requests)
    # On a busy machine an attempt may come to nothing, and a Job be removed once more before news of it comes.
    attempts = status["nextAttempt"] - 1
    assert asked["create", "jobs"] == attempts
    deletions = [r.name for r in requests if (r.verb, r.resource) == ("delete", "jobs")]
    assert len(set(deletions)) == attempts
    assert sum(r.writes for r in requests) <= 3 * attempts, asked
    assert [r for r in requests if not r.writes and r.verb != "watch"] == [], asked
    assert {(r.verb, r.code) for r in requests if r.code >= 300} <= {("delete", 404)}
    kopfs = [r for r in own_farm.requests(mark, agent="kopf") if r.verb != "watch"]
    assert kopfs == [], "kopf only listens"


def test_the_status_is_written_once_a_second_at_most(own_farm: ClusterFarm):
    mark = own_farm.plane.audit_mark()
    names = [
        own_farm.submit(frames="1-20", chunks={"size": 1}, parallelism=5, kwok={"run": "100ms"})
        for _ in range(2)
    ]
    for name in names:
        own_farm.end(name)
    requests = own_farm.requests(mark)
    for name in names:
        times = [
            datetime.fromisoformat(r.received)
            for r in requests
            if (r.verb, r.resource, r.name) == ("patch", "renderjobs/status", name)
        ]
        assert len(times) > 2
        pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(times)]
        assert min(pauses) >= 1.0, pauses


def test_nothing_is_asked_while_nothing_happens(control_plane: ControlPlane, namespace: str, tmp_path: Path):
    # The nodes here have no logs, which would be asked for again now and then while the test looks.
    environment = {"RENDERJOB_LOG_PATIENCE": "86400"}
    with cluster_farm(control_plane, namespace, tmp_path, environment=environment) as farm:
        check_that_nothing_is_asked(farm)


def check_that_nothing_is_asked(own_farm: ClusterFarm) -> None:
    running = own_farm.submit(frames="1-4", chunks={"size": 1}, parallelism=2, kwok={"outcome": "hang"})
    own_farm.running(running, 2)
    done = own_farm.submit()
    own_farm.end(done)
    until(lambda: own_farm.events(done)[-1:] == [("Normal", "Completed")], "for the last word about it")
    until(lambda: not own_farm.jobs(done), "for its Job to be removed")
    mark = own_farm.plane.audit_mark()
    # Somebody else's business, in the same namespace and in another.
    own_farm.kubectl("create", "configmap", "not-ours")
    own_farm.kubectl("create", "job", "not-ours", "--image=example/none:1")
    until(lambda: "not-ours" in own_farm.kubectl("get", "pods"), "for its pod")
    assert [r for r in own_farm.requests(mark) if r.verb != "watch"] == []
