"""Nothing is rendered twice, and a failure means what it is, on real Jobs and a real scheduler."""

from __future__ import annotations

from harness.waiting import until
from support.cluster import ClusterFarm

OUTPUT = {"path": "/out", "file": "####.png"}


def spread(farm: ClusterFarm, **options) -> str:
    """Submit a job whose pods go to all nodes: the scheduler may pile up what is alike on one. Its name."""
    body = farm.manifest(**options)
    template = body["spec"]["template"]
    template["metadata"].setdefault("labels", {})["spread"] = body["metadata"]["name"]
    template["spec"]["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"spread": body["metadata"]["name"]}},
        }
    ]
    return farm.create(body)


def test_a_bad_node_is_avoided_and_the_job_completes(farm: ClusterFarm):
    name = spread(
        farm,
        frames="1-40",
        chunks={"size": 1},
        parallelism=6,
        retries={"perChunk": 5, "onFailure": "Stop", "canary": False},
        nodes={"avoidAfter": 2, "forgiveAfter": "1h"},
        kwok={"outcome": "fail", "only_nodes": "node-2", "message": "cuda error", "run": "300ms"},
    )
    status = farm.end(name)
    assert status["state"] == "Completed"
    assert status["avoidedNodes"] == ["node-2"]
    assert {f["node"] for f in status["failures"]} == {"node-2"}
    others = {n["name"]: n for n in status["nodes"] if n["name"] != "node-2"}
    assert others
    assert all(n["failed"] == 0 for n in others.values())


def test_the_jobs_of_later_chunks_keep_off_the_bad_node(farm: ClusterFarm):
    name = spread(
        farm,
        frames="1-60",
        chunks={"size": 1},
        parallelism=6,
        retries={"perChunk": 5, "onFailure": "Stop", "canary": False},
        nodes={"avoidAfter": 2},
        kwok={"outcome": "fail", "only_nodes": "node-1", "run": "1s"},
    )
    farm.reached(name, lambda s: s["avoidedNodes"] == ["node-1"], "for the node to be avoided")

    def later() -> bool:
        affinities = [j["spec"]["template"]["spec"].get("affinity", {}) for j in farm.jobs(name)]
        required = [
            a.get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", {})
            for a in affinities
        ]
        terms = [term for rule in required for term in rule.get("nodeSelectorTerms", ())]
        return any(field["values"] == ["node-1"] for term in terms for field in term["matchFields"])

    until(later, "for Jobs that keep off the node")
    assert farm.end(name)["state"] == "Completed"


def test_the_same_failure_on_two_nodes_is_final(farm: ClusterFarm):
    status = farm.run(
        frames="1-30",
        chunks={"size": 1},
        parallelism=6,
        retries={"perChunk": 8, "onFailure": "Stop"},
        tolerate={"failedFrames": 1},
        kwok={
            "outcome": "fail",
            "only_frames": "17",
            "message": "Error: no texture for frame 17",
            "run": "200ms",
        },
    )
    assert status["state"] == "Completed"
    assert status["frames"]["failed"] == "17"
    assert status["attempts"]["failed"] == 2
    assert "the same way on nodes" in status["failures"][-1]["message"]


def test_a_broken_manifest_costs_a_few_pods(farm: ClusterFarm):
    name = farm.submit(
        frames="1-1000",
        chunks={"size": 1},
        parallelism=10,
        kwok={"outcome": "fail", "message": "unknown option --bakground", "run": "100ms"},
    )
    status = farm.end(name)
    assert status["state"] == "Failed"
    assert "unknown option" in status["error"]
    assert farm.condition(name, "Stalled")["reason"] == "CanaryFailed"
    assert status["nextAttempt"] < 40


def test_an_image_that_cannot_be_pulled_is_bounded(farm: ClusterFarm):
    status = farm.run(
        frames="1-10",
        chunks={"size": 5},
        parallelism=2,
        timeouts={"start": "10s"},
        kwok={"outcome": "image-pull", "message": "ImagePullBackOff"},
    )
    assert status["state"] == "Failed"
    assert "ImagePullBackOff" in status["error"]
    assert status["attempts"]["config"] == 1
    assert status["attempts"]["error"] == 0


def test_memory_grows_up_to_its_maximum_whatever_the_nodes(farm: ClusterFarm):
    container = {"name": "render", "image": "none", "resources": {"limits": {"memory": "100Mi"}}}
    status = farm.run(
        frames="1-6",
        chunks={"size": 1},
        parallelism=1,
        template={"spec": {"containers": [container]}},
        retries={"memory": {"factor": 2, "max": "1Gi"}, "perChunk": 0, "onFailure": "Stop"},
        kwok={"outcome": "oom", "only_frames": "1", "fail_attempts": "1", "run": "100ms"},
    )
    # 100Mi, 200Mi, 400Mi, 800Mi and 1Gi: what grows spends no retry, and is tried on any number of nodes.
    assert status["state"] == "Failed"
    assert status["attempts"]["outOfMemory"] == 5
    assert "ran out of memory with 1Gi" in status["error"]


def test_an_edit_that_adds_frames_renders_only_those(farm: ClusterFarm):
    name = farm.submit(frames="1-20", chunks={"size": 5}, parallelism=4)
    assert farm.end(name)["attempts"]["succeeded"] == 4
    farm.edit(name, frames="1-22")
    status = farm.reached(name, lambda s: s["state"] == "Completed" and s["totalFrames"] == 22)
    assert status["attempts"]["succeeded"] == 5
    assert status["frames"]["completed"] == "1-22"
