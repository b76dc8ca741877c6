"""What can't be started, and says so: a quota, a template, a spec, a name that is taken; cured by whoever can."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from harness.waiting import until
from renderjob.executors.kubernetes.names import child_name
from renderjob.repositories.resource import read_job
from support.cluster import ClusterFarm


def stalled(farm: ClusterFarm, name: str, reason: str) -> dict[str, Any]:
    """Wait until a job is stalled for a reason; the condition."""

    def found(status: dict[str, Any]) -> bool:
        return condition(status)["reason"] == reason and condition(status)["status"] == "True"

    return condition(farm.reached(name, found, f"for Stalled because of {reason}"))


def condition(status: dict[str, Any], kind: str = "Stalled") -> dict[str, Any]:
    return next(c for c in status["conditions"] if c["type"] == kind)


def set_quota(farm: ClusterFarm, **hard: str) -> None:
    """Set the quota of the farm's namespace, and wait until it is counted."""
    named = {name.replace("_", "/").replace("jobs", "jobs.batch"): value for name, value in hard.items()}
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": named}}
    farm.plane.apply(body, "-n", farm.namespace)
    path = f"/api/v1/namespaces/{farm.namespace}/resourcequotas/few"
    until(lambda: farm.plane.api("GET", path)["status"].get("hard") == named, "for the quota to be counted")


def test_a_quota_of_jobs_stalls_in_the_servers_words_and_clears(own_farm: ClusterFarm):
    set_quota(own_farm, count_jobs="0")
    name = own_farm.submit(frames="1-4", chunks={"size": 2}, parallelism=2)
    told = stalled(own_farm, name, "QuotaExceeded")
    assert "exceeded quota: few" in told["message"]
    assert own_farm.status(name)["active"] == 0
    assert ("Warning", "QuotaExceeded") in own_farm.events(name)
    set_quota(own_farm, count_jobs="10")
    status = own_farm.end(name)
    assert (status["state"], condition(status)["status"]) == ("Completed", "False")
    assert status["attempts"]["succeeded"] == 2


def test_a_quota_that_holds_some_lets_the_others_render(own_farm: ClusterFarm):
    set_quota(own_farm, count_jobs="1")
    status = own_farm.run(frames="1-6", chunks={"size": 2}, parallelism=3, kwok={"run": "500ms"})
    assert (status["state"], status["attempts"]["succeeded"]) == ("Completed", 3)


def test_a_quota_of_pods_is_told_in_the_servers_words_and_clears(own_farm: ClusterFarm):
    """The Job can be made, and its controller can't make the pod."""
    set_quota(own_farm, pods="0")
    name = own_farm.submit(frames="1-4", chunks={"size": 2}, parallelism=2)
    told = stalled(own_farm, name, "QuotaExceeded")
    assert "exceeded quota: few" in told["message"]
    set_quota(own_farm, pods="10")
    # The Job controller asks again in growing pauses of its own.
    status = own_farm.end(name, patience=120)
    assert (status["state"], condition(status)["status"]) == ("Completed", "False")


BAD = {"volumeMounts": [{"name": "nowhere", "mountPath": "/renders"}]}


def template(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "render", "image": "example/none:1", **fields}]}}


def test_a_template_that_the_server_refuses_is_asked_for_rarely_and_cured_by_an_edit(own_farm: ClusterFarm):
    mark = own_farm.plane.audit_mark()
    name = own_farm.submit(frames="1-50", chunks={"size": 1}, parallelism=50, template=template(**BAD))
    told = stalled(own_farm, name, "InvalidTemplate")
    assert 'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "nowhere"' in told["message"]
    # Another job of the same operator is not held up meanwhile.
    assert (
        own_farm.run(frames="1-10", chunks={"size": 2}, parallelism=2, kwok={"run": "1s"})["state"]
        == "Completed"
    )
    refused = [
        datetime.fromisoformat(r.received)
        for r in own_farm.requests(mark)
        if (r.resource, r.verb, r.code) == ("jobs", "create", 422)
    ]
    pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(sorted(refused))]
    assert refused
    assert all(pause >= 0.8 * 2**n for n, pause in enumerate(pauses)), (
        f"fifty chunks ask once, then in growing pauses: {pauses}"
    )
    own_farm.edit(name, template=template(volumeMounts=None))
    status = own_farm.end(name)
    assert (status["state"], status["attempts"]["succeeded"]) == ("Completed", 50)
    assert condition(status)["status"] == "False"


def test_a_pod_that_a_policy_refuses_is_told(own_farm: ClusterFarm):
    """Pod security is enforced on pods alone: the Job is made, its pod is not."""
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    path = f"/api/v1/namespaces/{own_farm.namespace}"
    own_farm.plane.api("PATCH", path, labels, "application/merge-patch+json")
    name = own_farm.submit()
    told = stalled(own_farm, name, "Forbidden")
    assert "violates PodSecurity" in told["message"]
    own_farm.edit(name, cancel=True)
    own_farm.end(name)


@pytest.mark.parametrize("frames", ["1-10x0", "1-2000000"])
def test_a_spec_that_only_code_can_refuse_stalls_and_is_cured_by_an_edit(farm: ClusterFarm, frames: str):
    name = farm.submit(frames=frames)
    told = stalled(farm, name, "InvalidSpec")
    assert "spec.frames" in told["message"]
    assert frames in told["message"]
    assert farm.status(name)["observedGeneration"] == 1
    assert ("Warning", "InvalidSpec") in farm.events(name)
    farm.edit(name, frames="1-10")
    status = farm.end(name)
    assert (status["state"], condition(status)["status"]) == ("Completed", "False")


@pytest.mark.parametrize("log", ["(?<!no )licence", "a{99999999999999999999}", "(?:a{1,64}){1,64}b"])
def test_an_expression_that_is_not_re2s_stalls_its_job_alone(farm: ClusterFarm, log: str):
    """It may lie there from a version that took it."""
    beside = farm.submit(frames="1-4")
    name = farm.submit(retries={"rules": [{"log": log, "action": "Retry"}]})
    told = stalled(farm, name, "InvalidSpec")
    assert "spec.retries.rules[0].log" in told["message"]
    assert "RE2" in told["message"]
    assert farm.end(beside)["state"] == "Completed"
    farm.edit(name, retries=None)
    assert farm.end(name)["state"] == "Completed"


def test_a_spec_that_becomes_invalid_while_it_runs_loses_nothing(farm: ClusterFarm):
    name = farm.submit(frames="1-4", chunks={"size": 2}, kwok={"run": "2s", "only_chunks": "none"})
    farm.running(name)
    farm.edit(name, frames="1-10x0")
    stalled(farm, name, "InvalidSpec")
    farm.edit(name, frames="1-4")
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert status["attempts"]["succeeded"] == 2


def test_a_strangers_job_in_the_way_is_left_alone_and_named(farm: ClusterFarm):
    name = farm.submit(suspend=True)
    farm.reached(name, lambda s: s["state"] == "Suspended")
    taken = child_name(read_job(farm.get(name)), 1)
    theirs = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": taken},
        "spec": {"suspend": True, "template": {"spec": {"restartPolicy": "Never", **template()["spec"]}}},
    }
    jobs = f"/apis/batch/v1/namespaces/{farm.namespace}/jobs"
    uid = farm.plane.api("POST", jobs, theirs)["metadata"]["uid"]
    farm.edit(name, suspend=False)
    told = stalled(farm, name, "NameConflict")
    assert taken in told["message"]
    assert farm.plane.api("GET", f"{jobs}/{taken}")["metadata"]["uid"] == uid
    farm.plane.api("DELETE", f"{jobs}/{taken}?propagationPolicy=Background")
    status = farm.end(name)
    assert (status["state"], condition(status)["status"]) == ("Completed", "False")


def test_an_edit_that_touches_no_pixel_lets_what_could_not_be_placed_start(own_farm: ClusterFarm):
    def on(**labels: str) -> dict[str, Any]:
        body = template()
        body["spec"]["nodeSelector"] = labels
        return body

    name = own_farm.submit(frames="1-4", chunks={"size": 2}, parallelism=2, template=on(gpu="none-such"))
    status = own_farm.reached(name, lambda s: "Unschedulable" in s["error"], "for the reason")
    assert condition(status, "Ready")["reason"] == "WaitingForPods"
    own_farm.edit(name, template={"spec": {"nodeSelector": None}})
    status = own_farm.end(name)
    assert (status["state"], status["error"]) == ("Completed", "")
    assert status["attempts"]["stopped"] == 2
    assert status["attempts"]["failed"] == 0
