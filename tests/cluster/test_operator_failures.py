"""How pods die, and what the status says of it."""

from __future__ import annotations

import pytest

from harness.waiting import until
from support.cluster import ClusterFarm


def container(**fields) -> dict:
    return {
        "spec": {"containers": [{"name": "render", "image": "example/none:1", "command": ["r"], **fields}]}
    }


def limited(memory: str) -> dict:
    return container(resources={"requests": {"memory": memory}, "limits": {"memory": memory}})


def test_a_chunk_that_fails_once_is_tried_again(farm: ClusterFarm):
    kwok = {"outcome": "fail", "exit_code": "33", "message": "no licence\nfor you", "fail_attempts": "1"}
    name = farm.submit(frames="1-4", chunks={"size": 2}, kwok={**kwok, "only_chunks": "1"})
    status = farm.end(name)
    assert status["state"] == "Completed"
    assert (status["attempts"]["succeeded"], status["attempts"]["failed"]) == (2, 1)
    (failure,) = status["failures"]
    assert (failure["frames"], failure["attempt"], failure["exitCode"]) == ("3-4", 1, 33)
    assert (failure["class"], failure["message"]) == ("Error", "for you")
    assert failure["node"].startswith("node-")
    assert ("Warning", "ChunkFailed") in farm.events(name)


def test_a_chunk_that_always_fails_fails_the_job_and_says_why(farm: ClusterFarm):
    status = farm.run(
        frames="1-4",
        chunks={"size": 2},
        retries={"perChunk": 1, "onFailure": "Stop"},
        kwok={"outcome": "fail", "exit_code": "7", "message": "the scene is broken", "only_chunks": "0"},
    )
    assert status["state"] == "Failed"
    assert status["attempts"]["failed"] == 2
    assert [f["attempt"] for f in status["failures"]] == [1, 2]
    assert status["frames"]["failed"] == "1-2"
    assert "the scene is broken" in status["error"]


def test_tolerated_failures_complete_the_job_and_are_named(farm: ClusterFarm):
    status = farm.run(
        frames="1-10",
        chunks={"size": 1},
        parallelism=10,
        retries={"perChunk": 0, "onFailure": "Stop"},
        tolerate={"failedFrames": "10%"},
        kwok={"outcome": "fail", "only_frames": "4"},
    )
    assert status["state"] == "Completed"
    assert status["result"]["missingFrames"] == "4"
    assert "4" in status["frames"]["failed"]


def test_what_the_log_says_was_rendered_counts_for_nothing_when_the_renderer_died(farm: ClusterFarm):
    """The termination message is the end of the log; Blender names each file that it has saved."""
    words = "Saved: '/renders/0003.png'\nSaved: '/renders/0004.png'\nSegmentation fault"
    name = farm.submit(
        frames="1-4",
        chunks={"size": 4},
        output={"path": "/renders"},
        progress={"parser": "Blender"},
        kwok={"outcome": "fail", "exit_code": "139", "message": words, "fail_attempts": "1"},
    )
    status = farm.end(name)
    assert status["state"] == "Completed"
    assert [(f["frames"], f["exitCode"]) for f in status["failures"]] == [("1-4", 139)]


def test_a_chunk_out_of_memory_gets_more(farm: ClusterFarm):
    name = farm.submit(
        template=limited("100Mi"),
        retries={"memory": {"factor": 1.5, "max": "200Mi"}},
        kwok={"outcome": "oom", "fail_attempts": "1"},
        frames="1-2",
        cleanup={"keepFailedChunks": 5},
    )
    seen: dict[str, dict] = {}

    def raised() -> bool:
        seen.update({j["metadata"]["labels"]["renderjob.dev/attempt-id"]: j for j in farm.jobs(name)})
        return len(seen) >= 3

    until(raised, "for a third attempt")
    memory = [seen[id_]["spec"]["template"]["spec"]["containers"][0]["resources"] for id_ in sorted(seen)]
    assert [(m["requests"]["memory"], m["limits"]["memory"]) for m in memory[:3]] == [
        ("100Mi", "100Mi"),
        (str(150 << 20), str(150 << 20)),
        (str(200 << 20), str(200 << 20)),
    ]
    status = farm.end(name)
    assert status["attempts"]["outOfMemory"] >= 2
    assert {f["class"] for f in status["failures"]} == {"OutOfMemory"}
    assert "100Mi" in status["failures"][0]["message"]


def evict(farm: ClusterFarm, pod: dict) -> None:
    name = pod["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    farm.plane.api("POST", f"/api/v1/namespaces/{farm.namespace}/pods/{name}/eviction", body)


def test_an_eviction_is_free_and_its_job_starts_another_pod(farm: ClusterFarm):
    name = farm.submit(
        frames="1-4", chunks={"size": 4}, retries={"perChunk": 0, "onFailure": "Stop"}, kwok={"run": "3s"}
    )
    (pod,) = farm.running(name)
    (job,) = farm.jobs(name)
    evict(farm, pod)
    until(
        lambda: [p for p in farm.pods(name) if p["metadata"]["uid"] != pod["metadata"]["uid"]],
        "for another pod",
    )
    assert [j["metadata"]["uid"] for j in farm.jobs(name)] == [job["metadata"]["uid"]]
    status = farm.end(name)
    assert status["state"] == "Completed"
    assert (status["attempts"]["disrupted"], status["attempts"]["failed"]) == (1, 0)
    assert ("Normal", "ChunkDisrupted") in farm.events(name)


def test_each_eviction_of_a_chunk_is_counted_though_its_pod_is_gone_at_once(farm: ClusterFarm):
    """An evicted pod is removed as soon as it has ended: nobody may look at the RenderJob meanwhile."""
    name = farm.submit(
        frames="1-4", chunks={"size": 4}, retries={"perChunk": 0, "onFailure": "Stop"}, kwok={"run": "3s"}
    )
    for _ in range(2):
        (pod,) = farm.running(name)
        evict(farm, pod)
        uid = pod["metadata"]["uid"]
        until(lambda uid=uid: uid not in {p["metadata"]["uid"] for p in farm.pods(name)}, "for its end")
    status = farm.end(name)
    assert status["state"] == "Completed"
    assert (status["attempts"]["disrupted"], status["attempts"]["failed"]) == (2, 0)
    assert status["nextAttempt"] == 2, "one Job, three pods"


def test_where_files_tell_what_is_done_an_eviction_ends_the_job_and_is_free(farm: ClusterFarm):
    output = {"path": "/renders", "file": "####.png"}
    name = farm.submit(
        frames="1-4",
        chunks={"size": 4},
        retries={"perChunk": 0, "onFailure": "Stop"},
        output=output,
        kwok={"run": "3s"},
    )
    (pod,) = farm.running(name)
    evict(farm, pod)
    status = farm.end(name)
    assert status["state"] == "Completed"
    assert (status["attempts"]["disrupted"], status["attempts"]["failed"]) == (1, 0)
    assert [f["class"] for f in status["failures"]] == ["Disrupted"]
    assert status["nextAttempt"] == 3, "a look at what is there, and no other chunk for what was found"


def test_a_chunk_that_takes_too_long_is_stopped(farm: ClusterFarm):
    name = farm.submit(
        frames="1-2",
        timeouts={"chunk": "2s"},
        retries={"perChunk": 1, "onFailure": "Stop"},
        kwok={"outcome": "hang"},
    )
    status = farm.end(name)
    assert status["state"] == "Failed"
    assert [(f["class"], f["attempt"]) for f in status["failures"]] == [("TimedOut", 1), ("TimedOut", 2)]
    until(lambda: not [p for p in farm.pods(name) if p["status"]["phase"] == "Running"], "for no pod to run")


def test_a_job_that_takes_too_long_is_lost(farm: ClusterFarm):
    name = farm.submit(frames="1-2", timeouts={"job": "2s"}, kwok={"outcome": "hang"})
    status = farm.end(name)
    assert (status["state"], status["fatalReason"]) == ("Failed", "DeadlineExceeded")
    assert "timeouts.job" in status["error"]
    until(lambda: not farm.pods(name), "for its pod to be gone")


@pytest.mark.parametrize("outcome", ["image-pull"])
def test_what_holds_up_a_pod_is_told_in_the_kubelets_words(farm: ClusterFarm, outcome: str):
    name = farm.submit(kwok={"outcome": outcome, "message": 'Back-off pulling image "example/typo:1"'})
    farm.reached(name, lambda s: "ImagePullBackOff" in message(s), "for the words of the kubelet")
    status = farm.status(name)
    assert 'ImagePullBackOff: Back-off pulling image "example/typo:1"' in message(status)
    assert reason(status) == "WaitingForPods"
    assert (status["state"], status["attempts"]["failed"]) == ("Running", 0)
    farm.delete(name)


def test_what_cannot_be_scheduled_is_told_in_the_schedulers_words(farm: ClusterFarm):
    name = farm.submit(template=container(resources={"requests": {"cpu": "1000"}}))
    status = farm.reached(name, lambda s: "Unschedulable" in message(s), "for the words of the scheduler")
    assert "Insufficient cpu" in message(status)
    farm.delete(name)


def test_a_program_that_is_not_there_fails_the_job_once_two_nodes_have_said_so(farm: ClusterFarm):
    words = 'exec: "blendr": executable file not found in $PATH: unknown'
    status = farm.run(
        frames="1-4",
        chunks={"size": 1},
        retries={"backoff": {"initial": "1s"}},
        kwok={"outcome": "crash-before-start", "message": words},
    )
    assert status["state"] == "Failed"
    assert {f["class"] for f in status["failures"]} <= {"Node", "Config"}
    assert status["failures"][-1]["class"] == "Config"
    assert status["attempts"]["config"] == status["attempts"]["failed"] > 0
    assert words in status["error"]


def test_the_manifests_own_rules_say_what_an_exit_means(farm: ClusterFarm):
    status = farm.run(
        retries={"perChunk": 3, "onFailure": "Stop", "rules": [{"exitCodes": [2], "action": "FailJob"}]},
        kwok={"outcome": "fail", "exit_code": "2", "message": "bad scene"},
    )
    assert (status["state"], status["attempts"]["failed"]) == ("Failed", 1)


def test_a_shortage_holds_up_the_whole_job_and_spends_no_retry(farm: ClusterFarm):
    rules = [{"log": "licen[cs]e.*unavailable", "action": "BackOff"}]
    backoff = {"initial": "1s", "factor": 1}
    name = farm.submit(
        frames="1-4",
        chunks={"size": 2},
        parallelism=2,
        retries={"perChunk": 0, "onFailure": "Stop", "rules": rules, "backoff": backoff},
        kwok={"outcome": "fail", "message": "license foo unavailable"},
    )
    status = farm.reached(name, lambda s: s["attempts"]["backedOff"] >= 3, "for some waits")
    assert status["attempts"]["failed"] == 0
    # The licence is there again.
    there = {"kwok.renderjob.dev/outcome": "succeed"}
    farm.edit(name, template={"metadata": {"annotations": there}})
    status = farm.end(name)
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 0)


def test_siblings_of_a_chunk_that_loses_the_job_are_stopped(farm: ClusterFarm):
    name = farm.submit(
        frames="1-4",
        chunks={"size": 1},
        parallelism=3,
        retries={"rules": [{"exitCodes": [64], "action": "FailJob"}]},
        kwok={"outcome": "fail", "exit_code": "64", "only_chunks": "1", "run": "4s"},
    )
    status = farm.end(name)
    assert status["state"] == "Failed"
    until(lambda: not [p for p in farm.pods(name) if p["status"]["phase"] == "Running"], "for no pod to run")


def message(status: dict) -> str:
    return condition(status)["message"]


def reason(status: dict) -> str:
    return condition(status)["reason"]


def condition(status: dict) -> dict:
    return next(c for c in status["conditions"] if c["type"] == "Ready")
