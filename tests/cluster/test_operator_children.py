"""What becomes of Jobs and pods: kept, removed, deleted by somebody, held by a queue."""

from __future__ import annotations

import time

import pytest

from harness.waiting import until
from support.cluster import ClusterFarm
from support.kube import one_pod_job


def ids(farm: ClusterFarm, name: str) -> list[str]:
    return [job["metadata"]["labels"]["renderjob.dev/attempt-id"] for job in farm.jobs(name)]


def job_url(farm: ClusterFarm, job: dict) -> str:
    return f"/apis/batch/v1/namespaces/{farm.namespace}/jobs/{job['metadata']['name']}"


def test_the_last_failed_jobs_are_kept_with_their_pods(farm: ClusterFarm):
    name = farm.submit(
        frames="1-4",
        chunks={"size": 1},
        tolerate={"failedFrames": "75%"},
        retries={"perChunk": 0, "onFailure": "Stop", "canary": False},
        cleanup={"keepFailedChunks": 2},
        kwok={"outcome": "fail", "only_chunks": "1,2,3", "message": "broken"},
    )
    assert farm.end(name)["attempts"]["failed"] == 3
    until(lambda: ids(farm, name) == ["3", "4"], "for all but the last two to be removed")
    until(lambda: len(farm.pods(name)) == 2, "for their pods, too")
    farm.edit(name, cleanup={"keepFailedChunks": 0})
    until(lambda: not farm.jobs(name), "for those to be removed")


def test_kept_jobs_are_removed_when_their_time_is_over(farm: ClusterFarm):
    cleanup = {"ttlSecondsAfterFinished": 3, "keepFailedChunks": 5}
    name = farm.submit(
        retries={"perChunk": 0, "onFailure": "Stop"}, cleanup=cleanup, kwok={"outcome": "fail"}
    )
    assert farm.end(name)["state"] == "Failed"
    assert ids(farm, name) == ["1"]
    until(lambda: not farm.jobs(name), "for it to be removed")
    assert farm.get(name)["status"]["state"] == "Failed", "the RenderJob stays"


def test_a_time_of_zero_removes_nothing_that_is_not_counted(farm: ClusterFarm):
    cleanup = {"ttlSecondsAfterFinished": 0}
    status = farm.run(frames="1-6", chunks={"size": 1}, parallelism=3, cleanup=cleanup)
    assert (status["state"], status["nextAttempt"]) == ("Completed", 7)


def test_a_job_that_somebody_deletes_is_started_again_when_its_pod_has_ended(farm: ClusterFarm):
    name = farm.submit(retries={"perChunk": 0, "onFailure": "Stop"}, kwok={"run": "3s", "grace": "2s"})
    (pod,) = farm.running(name)
    (job,) = farm.jobs(name)
    farm.plane.api("DELETE", f"{job_url(farm, job)}?propagationPolicy=Background")
    together = []

    def another() -> bool:
        pods = farm.pods(name)
        alive = [p for p in pods if p["status"].get("phase") == "Running"]
        together.append(len(alive))
        return any(p["metadata"]["uid"] != pod["metadata"]["uid"] for p in pods)

    until(another, "for another pod")
    assert max(together) == 1
    status = farm.end(name)
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 0)


def test_a_finished_job_that_somebody_deletes_is_not_missed(farm: ClusterFarm):
    name = farm.submit(
        retries={"perChunk": 0, "onFailure": "Stop"},
        cleanup={"keepFailedChunks": 3},
        kwok={"outcome": "fail"},
    )
    farm.end(name)
    for job in farm.jobs(name):
        farm.plane.api("DELETE", f"{job_url(farm, job)}?propagationPolicy=Background")
    farm.edit(
        name, retry=1, template={"metadata": {"annotations": {"kwok.renderjob.dev/outcome": "succeed"}}}
    )
    assert farm.reached(name, lambda s: s["state"] == "Completed")["attempts"]["succeeded"] == 1


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_renderjob_that_is_deleted_takes_everything_with_it(farm: ClusterFarm, propagation: str):
    name = farm.submit(frames="1-4", chunks={"size": 1}, parallelism=2, kwok={"outcome": "hang"})
    farm.running(name, 2)
    farm.plane.api("DELETE", f"{farm.url(name)}?propagationPolicy={propagation}")
    farm.gone(name)


def test_a_renderjob_made_anew_renders_for_itself(farm: ClusterFarm):
    name = farm.submit(kwok={"outcome": "hang"})
    farm.running(name)
    farm.delete(name)
    farm.submit(name, frames="1-4", chunks={"size": 2})
    status = farm.end(name)
    assert (status["state"], status["attempts"]["succeeded"]) == ("Completed", 2)
    assert status["id"] == farm.get(name)["metadata"]["uid"]


def queue(name: str) -> list[dict]:
    """Has the API server suspend the Jobs of a RenderJob as they are made, as Kueue's webhook does."""
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": f"queue-{name}"}}
    jobs = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}
    matches = {"objectSelector": {"matchLabels": {"renderjob.dev/job": name}}, "resourceRules": [jobs]}
    suspend = {"expression": "Object{spec: Object.spec{suspend: true}}"}
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": suspend}
    spec = {"matchConstraints": matches, "mutations": [mutation], "reinvocationPolicy": "Never"}
    return [
        {**kind, "kind": "MutatingAdmissionPolicy", "spec": {**spec, "failurePolicy": "Fail"}},
        {**kind, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": f"queue-{name}"}},
    ]


def is_suspended_when_made(farm: ClusterFarm, name: str) -> bool:
    job = one_pod_job("probe")
    job["metadata"]["labels"] = {"renderjob.dev/job": name}
    path = f"/apis/batch/v1/namespaces/{farm.namespace}/jobs?dryRun=All"
    return bool(farm.plane.api("POST", path, job)["spec"].get("suspend"))


def test_a_job_that_a_queue_holds_is_not_stuck(farm: ClusterFarm):
    name = farm.submit(timeouts={"chunk": "3s", "start": "2s"}, kwok={"run": "1s"}, suspend=True)
    farm.reached(name, lambda s: s["state"] == "Suspended")
    policy = queue(name)
    farm.plane.apply(policy)
    try:
        until(lambda: is_suspended_when_made(farm, name), "for the queue to be at work")
        farm.edit(name, suspend=False)
        status = farm.reached(
            name, lambda s: "a queue" in s["conditions"][0]["message"], "for what it waits for"
        )
    finally:
        farm.plane.kubectl("delete", *[f"{p['kind']}/{p['metadata']['name']}" for p in policy])
    assert (status["state"], status["conditions"][0]["reason"]) == ("Running", "WaitingForPods")
    (job,) = farm.jobs(name)
    assert job["spec"]["suspend"] is True
    time.sleep(4)  # longer than timeouts.start and timeouts.chunk
    assert farm.status(name)["attempts"] == dict.fromkeys(status["attempts"], 0)
    farm.edit(name, timeouts={"chunk": "10m", "start": "10m"})  # from here on a slow start is no failure
    farm.plane.api("PATCH", job_url(farm, job), {"spec": {"suspend": False}}, "application/merge-patch+json")
    status = farm.end(name)
    assert (status["state"], status["attempts"]["succeeded"], status["nextAttempt"]) == ("Completed", 1, 2)


def test_a_job_that_a_queue_takes_back_goes_on_when_it_may(farm: ClusterFarm):
    name = farm.submit(
        timeouts={"chunk": "1m"}, retries={"perChunk": 0, "onFailure": "Stop"}, kwok={"run": "2s"}
    )
    farm.running(name)
    (job,) = farm.jobs(name)
    farm.plane.api("PATCH", job_url(farm, job), {"spec": {"suspend": True}}, "application/merge-patch+json")
    farm.reached(name, lambda s: "a queue" in s["conditions"][0]["message"], "for what it waits for")
    farm.plane.api("PATCH", job_url(farm, job), {"spec": {"suspend": False}}, "application/merge-patch+json")
    status = farm.end(name)
    assert (status["state"], status["attempts"]["succeeded"], status["nextAttempt"]) == ("Completed", 1, 2)
