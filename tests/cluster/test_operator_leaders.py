"""Two replicas: one works, the other stands by and takes over, and never do both write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import dropwhile, pairwise
from pathlib import Path

import psutil
import pytest

from harness import ControlPlane
from harness.audit import Request
from harness.waiting import until
from support.cluster import ClusterFarm
from support.operator_process import OperatorProcess
from support.witness import witness

REPLICAS = ("one", "two")
LEASE = "12"
"""Seconds: a leader that is only slow, on a machine that has much else to do, must not lose it before it is killed."""
PARALLELISM = 5


class Replicas:
    """Two operators, each known to the API server by a service account of its own."""

    def __init__(self, plane: ControlPlane, namespace: str, directory: Path) -> None:
        self.plane, self.namespace = plane, namespace
        self.operators = {}
        for name in REPLICAS:
            plane.kubectl("create", "serviceaccount", name, "-n", namespace)
            account = f"--serviceaccount={namespace}:{name}"
            plane.kubectl(
                *("create", "rolebinding", name, "-n", namespace, "--clusterrole=cluster-admin", account)
            )
            self.operators[name] = OperatorProcess(
                plane.kubeconfig_for(namespace, name),
                namespace,
                directory / f"{name}.log",
                lease_seconds=LEASE,
                lease_namespace=namespace,
                identity=name,
            )

    def start(self) -> tuple[OperatorProcess, OperatorProcess]:
        """Start both; the leader, and the one that stands by."""
        one, two = (self.operators[name] for name in REPLICAS)
        one.start()
        until(lambda: self.holder() == "one", "for the first to lead")
        two.start()
        until(lambda: "one leads" in two.said(), "for the second to stand by")
        return one, two

    def holder(self) -> str:
        """Who holds the lease."""
        leases = self.plane.api("GET", f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases")[
            "items"
        ]
        return str(leases[0]["spec"].get("holderIdentity") or "") if leases else ""

    def writes(self, since: str) -> list[tuple[str, Request]]:
        """Who wrote what, in the order of the writes; but for the lease."""
        found = {f"system:serviceaccount:{self.namespace}:{name}": name for name in REPLICAS}
        requests = sorted(self.plane.audit(since=since), key=lambda r: r.received)
        return [
            (found[r.user], r) for r in requests if r.user in found and r.writes and r.resource != "leases"
        ]

    def writers(self, since: str) -> list[str]:
        """Who changed something, in the order of the changes; but for the lease."""
        return [name for name, request in self.writes(since) if request.code < 400]

    def stop(self) -> None:
        for operator in self.operators.values():
            operator.stop()


@pytest.fixture
def replicas(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Replicas]:
    replicas = Replicas(control_plane, namespace, tmp_path)
    try:
        yield replicas
    finally:
        replicas.stop()


@pytest.fixture
def farm(replicas: Replicas) -> ClusterFarm:
    """The namespace, seen through the second replica, which is there to the end."""
    return ClusterFarm(replicas.plane, replicas.namespace, replicas.operators["two"])


def under_way(farm: ClusterFarm) -> str:
    name = farm.submit(frames="1-30", chunks={"size": 1}, parallelism=PARALLELISM, kwok={"run": "700ms"})
    farm.reached(name, lambda s: s["completedFrames"] >= 5)
    return name


def check_complete(farm: ClusterFarm, name: str) -> None:
    status = farm.end(name)
    assert (status["state"], status["attempts"]["succeeded"], status["nextAttempt"]) == ("Completed", 30, 31)


def turns(writers: list[str]) -> list[str]:
    """Who wrote, once for each time that it changed."""
    return writers[:1] + [new for old, new in pairwise(writers) if new != old]


def test_a_killed_leader_is_followed_by_the_standby(replicas: Replicas, farm: ClusterFarm):
    mark = replicas.plane.audit_mark()
    leader, _ = replicas.start()
    with witness(replicas.plane, replicas.namespace) as seen:
        name = under_way(farm)
        leader.kill()
        check_complete(farm, name)
    assert seen.overlaps == []
    assert set(seen.attempts().values()) == {1}
    assert replicas.holder() == "two"
    assert turns(replicas.writers(mark)) == ["one", "two"]


def test_a_leader_that_is_told_to_stop_hands_over(replicas: Replicas, farm: ClusterFarm):
    leader, _ = replicas.start()
    name = under_way(farm)
    assert leader.terminate() == 0
    assert replicas.holder() in ("", "two"), "the lease was given back"
    leader.start()
    check_complete(farm, name)
    assert replicas.holder() == "two"


def test_a_leader_that_was_frozen_changes_nothing_when_it_wakes_up(replicas: Replicas, farm: ClusterFarm):
    """It wakes up in the midst of what it was doing; its lease is over, and another one works."""
    mark = replicas.plane.audit_mark()
    leader, _ = replicas.start()
    with witness(replicas.plane, replicas.namespace) as seen:
        name = under_way(farm)
        frozen = leader.process
        frozen.suspend()
        until(lambda: replicas.holder() == "two", "for the standby to lead")
        done = farm.status(name)["completedFrames"]
        farm.reached(name, lambda s: s["completedFrames"] > done)
        frozen.resume()
        until(lambda: ended(frozen), "for the first to end: it begins anew as a standby")
        check_complete(farm, name)
    assert seen.overlaps == []
    assert set(seen.attempts().values()) == {1}
    # One request may have been on its way when it was frozen, past the last question whether it may write.
    # Every write names the uid or the version that it means, so that the API server refuses it by then.
    assert turns(replicas.writers(mark)) == ["one", "two"]
    late = [request for name, request in after_the_first_of("two", replicas.writes(mark)) if name == "one"]
    assert {request.code for request in late} <= {404, 409}
    assert len(late) <= PARALLELISM


def after_the_first_of(who: str, writes: list[tuple[str, Request]]) -> list[tuple[str, Request]]:
    return list(dropwhile(lambda write: write[0] != who, writes))


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
