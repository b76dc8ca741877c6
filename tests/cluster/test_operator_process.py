"""The operator as a process: how it stops."""

from __future__ import annotations

from harness.waiting import until
from support.cluster import ClusterFarm


def test_it_stops_when_it_is_told_to_and_leaves_what_runs_alone(own_farm: ClusterFarm):
    name = own_farm.submit(frames="1-4", chunks={"size": 2}, kwok={"run": "2s"})
    (pod,) = own_farm.running(name)
    assert own_farm.operator.terminate() == 0
    assert "Traceback" not in own_farm.operator.said()
    assert [p["metadata"]["uid"] for p in own_farm.pods(name)] == [pod["metadata"]["uid"]]
    own_farm.operator.start()
    status = own_farm.end(name)
    assert (status["state"], status["attempts"]["succeeded"], status["nextAttempt"]) == ("Completed", 2, 3)


def test_it_stops_at_once_while_it_starts(own_farm: ClusterFarm):
    until(lambda: "works on" in own_farm.operator.said(), "for its first words")
    assert own_farm.operator.terminate() == 0
    own_farm.operator.start()
