"""The API server goes away, forgets, and comes back, while a job runs; the operator stays, and misses nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import ControlPlane
from harness.sharing import CRDS
from harness.waiting import until
from support.cluster import ClusterFarm, cluster_farm


@pytest.fixture(scope="module")
def breakable() -> Iterator[ControlPlane]:
    """A control plane that tests of this file may break."""
    with ControlPlane.start() as plane:
        for file in CRDS.glob("*.renderjob.dev.yaml"):
            plane.crd(file)
        yield plane


@pytest.fixture
def farm(breakable: ControlPlane, tmp_path: Path) -> Iterator[ClusterFarm]:
    namespace = f"farm-{uuid.uuid4().hex[:8]}"
    breakable.create_namespace(namespace)
    with cluster_farm(breakable, namespace, tmp_path) as farm:
        yield farm


def under_way(farm: ClusterFarm, **options) -> str:
    """A job of 30 chunks of which some are rendered and some run."""
    kwok = {"run": "500ms", **options.pop("kwok", {})}
    name = farm.submit(frames="1-30", chunks={"size": 1}, parallelism=5, kwok=kwok, **options)
    farm.reached(name, lambda s: s["completedFrames"] >= 5)
    return name


def check_complete(farm: ClusterFarm, name: str) -> None:
    status = farm.end(name, patience=120)
    assert (status["state"], status["attempts"]["succeeded"], status["attempts"]["failed"]) == (
        "Completed",
        30,
        0,
    )
    assert status["nextAttempt"] == 31, "no chunk was started twice"
    # Their pods are the garbage collector's to remove: after a restart of the API server it may take minutes.
    until(lambda: not farm.jobs(name), "for all Jobs to be removed")


def test_the_api_server_is_started_again(farm: ClusterFarm):
    name = under_way(farm)
    pid = farm.operator.process.pid
    farm.plane.restart_apiserver()
    farm.reached(name, lambda s: s["completedFrames"] >= 15)
    farm.plane.restart_apiserver()
    check_complete(farm, name)
    assert farm.operator.process.pid == pid


def test_the_past_is_forgotten_and_watches_begin_anew(farm: ClusterFarm):
    name = under_way(farm)
    farm.plane.compact()
    check_complete(farm, name)
    assert farm.run(kwok={"run": "100ms"})["state"] == "Completed", "new RenderJobs are heard of"


def test_what_was_deleted_unseen_is_missed(farm: ClusterFarm):
    """While the operator sleeps, Jobs, pods and a RenderJob are deleted, and the past is forgotten."""
    kept = farm.submit(frames="1-6", chunks={"size": 2}, parallelism=3, kwok={"outcome": "hang"})
    gone = farm.submit(frames="1-4", chunks={"size": 2}, parallelism=2, kwok={"outcome": "hang"})
    before = {p["metadata"]["uid"] for p in farm.running(kept, 3)}
    farm.running(gone, 2)
    farm.operator.process.suspend()
    farm.delete(gone)
    farm.kubectl("delete", "jobs", "-l", f"renderjob.dev/job={kept}")
    until(lambda: not farm.pods(kept), "for the pods to be gone")
    farm.plane.compact()
    farm.operator.process.resume()
    after = {p["metadata"]["uid"] for p in farm.running(kept, 3)}
    assert not before & after
    farm.gone(gone)
    farm.edit(kept, cancel=True)
    farm.end(kept)
    assert farm.run()["state"] == "Completed"


def test_a_job_is_made_and_edited_while_the_operator_is_away(farm: ClusterFarm):
    farm.operator.kill()
    name = farm.submit(frames="1-4", chunks={"size": 2})
    farm.edit(name, frames="1-6")
    assert farm.get(name)["status"] == {"observedGeneration": -1}
    farm.operator.start()
    status = farm.end(name)
    assert (status["state"], status["frames"]["completed"]) == ("Completed", "1-6")


def test_the_job_controller_is_away_for_a_while(farm: ClusterFarm):
    controllers = farm.plane.processes.find("kube-controller-manager")
    assert controllers is not None
    controllers.suspend()
    try:
        name = farm.submit(frames="1-4", chunks={"size": 2}, parallelism=2)
        until(lambda: len(farm.jobs(name)) == 2, "for its Jobs")
        status = farm.reached(name, lambda s: s["active"] == 2)
        assert status["state"] == "Running"
    finally:
        controllers.resume()
    assert farm.end(name)["state"] == "Completed"


def test_a_node_is_lost_with_all_its_pods(farm: ClusterFarm):
    name = farm.submit(
        frames="1-6",
        chunks={"size": 1},
        parallelism=6,
        retries={"perChunk": 0, "onFailure": "Stop"},
        kwok={"run": "4s"},
    )
    pods = farm.running(name, 6)
    node = pods[0]["spec"]["nodeName"]
    farm.plane.kubectl("taint", "node", node, "out=of-order:NoExecute")
    try:
        status = farm.end(name)
    finally:
        farm.plane.kubectl("taint", "node", node, "out-")
    lost = sum(pod["spec"]["nodeName"] == node for pod in pods)
    assert status["state"] == "Completed"
    assert (status["attempts"]["failed"], status["attempts"]["disrupted"]) == (0, lost)
