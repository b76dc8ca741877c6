"""The simulated kubelet: pods come to what their annotations say, and tell it as a kubelet does."""

from __future__ import annotations

import pytest

from harness import ControlPlane, KubectlError
from harness.waiting import patient, until
from support.kube import condition, ended, in_phase, job_of, one_pod_job, pod_of, running, state_of


def test_a_pod_succeeds_at_once(control_plane: ControlPlane, namespace: str):
    verdict, pod = ended(control_plane, namespace, one_pod_job("fine"))
    assert verdict == "Complete"
    assert pod["status"]["phase"] == "Succeeded"
    state = state_of(pod)["terminated"]
    assert (state["exitCode"], state["reason"]) == (0, "Completed")
    assert state["startedAt"] <= state["finishedAt"]
    assert condition(pod, "Ready")["status"] == "False"


def test_a_pod_runs_for_a_time(control_plane: ControlPlane, namespace: str):
    pod = running(control_plane, namespace, one_pod_job("slow", run="2s"))
    assert "startedAt" in state_of(pod)["running"]
    assert condition(pod, "Ready")["status"] == "True"
    pod = in_phase(control_plane, namespace, "slow", "Succeeded")
    state = state_of(pod)["terminated"]
    assert state["startedAt"] < state["finishedAt"]


def test_a_pod_fails_with_a_code_and_a_message(control_plane: ControlPlane, namespace: str):
    job = one_pod_job("broken", outcome="fail", exit_code="33", message='no "licence"\nfor: you')
    verdict, pod = ended(control_plane, namespace, job)
    assert verdict == "Failed"
    assert pod["status"]["phase"] == "Failed"
    state = state_of(pod)["terminated"]
    assert (state["exitCode"], state["reason"]) == (33, "Error")
    assert state["message"] == 'no "licence"\nfor: you'


def test_a_pod_is_killed_for_memory(control_plane: ControlPlane, namespace: str):
    verdict, pod = ended(control_plane, namespace, one_pod_job("hungry", outcome="oom"))
    state = state_of(pod)["terminated"]
    assert (verdict, state["exitCode"], state["reason"]) == ("Failed", 137, "OOMKilled")


def test_only_the_render_container_goes_wrong(control_plane: ControlPlane, namespace: str):
    job = one_pod_job("two", outcome="oom")
    job["spec"]["template"]["spec"]["containers"].insert(0, {"name": "proxy", "image": "example/none:1"})
    _, pod = ended(control_plane, namespace, job)
    assert state_of(pod, "render")["terminated"]["reason"] == "OOMKilled"
    assert state_of(pod, "proxy")["terminated"]["exitCode"] == 0


def test_a_pod_is_evicted_by_its_kubelet(control_plane: ControlPlane, namespace: str):
    verdict, pod = ended(control_plane, namespace, one_pod_job("pushed", outcome="evict"))
    assert verdict == "Failed"
    assert pod["status"]["reason"] == "Evicted"
    target = condition(pod, "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "TerminationByKubelet")


def test_a_job_can_ignore_an_eviction(control_plane: ControlPlane, namespace: str):
    job = one_pod_job("pushed", outcome="evict")
    disruption = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    job["spec"]["podFailurePolicy"] = {"rules": [disruption]}
    control_plane.api("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", job)

    def pods() -> int:
        return len(control_plane.get("pods", namespace=namespace)["items"])

    until(lambda: pods() > 1, "for another pod in place of the evicted one")
    assert "conditions" not in job_of(control_plane, namespace, "pushed")["status"]


def test_a_pod_that_hangs_ends_when_it_is_deleted(control_plane: ControlPlane, namespace: str):
    pod = running(control_plane, namespace, one_pod_job("stuck", outcome="hang", grace="1s"))
    path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}"
    control_plane.api("DELETE", path)
    assert control_plane.api("GET", path)["status"]["phase"] == "Running", "it has a second to end"
    seen = in_phase(control_plane, namespace, "stuck", "Failed")
    assert state_of(seen)["terminated"]["exitCode"] == 143
    until(lambda: pod_of(control_plane, namespace, "stuck") is None, "for the pod to be removed")
    until(
        lambda: job_of(control_plane, namespace, "stuck")["status"].get("failed"), "for the job to count it"
    )


def test_a_deleted_job_takes_its_hanging_pod_with_it(control_plane: ControlPlane, namespace: str):
    running(control_plane, namespace, one_pod_job("stuck", outcome="hang"))
    control_plane.kubectl("delete", "job", "stuck", "-n", namespace, f"--timeout={patient():.0f}s")
    until(lambda: pod_of(control_plane, namespace, "stuck") is None, "for the pod to be removed")


def test_an_image_that_cannot_be_pulled(control_plane: ControlPlane, namespace: str):
    job = one_pod_job("typo", outcome="image-pull", message="no such image")
    control_plane.api("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", job)

    def waiting() -> dict:
        pod = pod_of(control_plane, namespace, "typo")
        statuses = pod["status"].get("containerStatuses") if pod else None
        return statuses[0]["state"]["waiting"] if statuses else {}

    assert until(waiting, "for the pull to fail") == {
        "reason": "ImagePullBackOff",
        "message": "no such image",
    }
    pod = in_phase(control_plane, namespace, "typo", "Pending")
    control_plane.api("DELETE", f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}")
    until(lambda: pod_of(control_plane, namespace, "typo") is None, "for the pod to be removed")


def test_a_program_that_cannot_be_started(control_plane: ControlPlane, namespace: str):
    verdict, pod = ended(control_plane, namespace, one_pod_job("absent", outcome="crash-before-start"))
    state = state_of(pod)["terminated"]
    assert (verdict, state["exitCode"], state["reason"]) == ("Failed", 128, "StartError")


@pytest.mark.parametrize(("attempt", "verdict"), [("1", "Failed"), ("2", "Failed"), ("3", "Complete")])
def test_the_first_attempts_fail(control_plane: ControlPlane, namespace: str, attempt: str, verdict: str):
    labels = {"renderjob.dev/attempt": attempt}
    job = one_pod_job("flaky", labels, outcome="fail", fail_attempts="2")
    assert ended(control_plane, namespace, job)[0] == verdict


@pytest.mark.parametrize(("chunk", "verdict"), [("3", "Failed"), ("7", "Failed"), ("37", "Complete")])
def test_some_chunks_fail(control_plane: ControlPlane, namespace: str, chunk: str, verdict: str):
    labels = {"renderjob.dev/chunk": chunk}
    job = one_pod_job("some", labels, outcome="fail", only_chunks=",3,7,")
    assert ended(control_plane, namespace, job)[0] == verdict


@pytest.mark.parametrize(
    ("start", "end", "verdict"), [("1", "10", "Complete"), ("11", "20", "Failed"), ("-5", "-1", "Failed")]
)
def test_some_frames_fail(control_plane: ControlPlane, namespace: str, start: str, end: str, verdict: str):
    env = {"RENDER_START": start, "RENDER_END": end}
    job = one_pod_job("some", env=env, outcome="fail", only_frames="12,-5")
    assert ended(control_plane, namespace, job)[0] == verdict


@pytest.mark.parametrize(("kind", "verdict"), [("merge", "Failed"), ("render", "Complete")])
def test_some_kinds_fail(control_plane: ControlPlane, namespace: str, kind: str, verdict: str):
    job = one_pod_job("some", {"renderjob.dev/kind": kind}, outcome="fail", only_kinds="merge,verify")
    assert ended(control_plane, namespace, job)[0] == verdict


@pytest.mark.parametrize(
    ("kind", "container", "verdict"),
    [
        ("render", "render", "Failed"),
        ("merge", "render", "Failed"),
        ("merge", "merge", "Complete"),
        ("verify", "verify", "Complete"),
    ],
)
def test_the_annotations_of_a_template_hold_for_its_own_pods(
    control_plane: ControlPlane, namespace: str, kind: str, container: str, verdict: str
):
    job = one_pod_job("some", {"renderjob.dev/kind": kind}, outcome="fail")
    job["spec"]["template"]["metadata"]["annotations"]["renderjob.dev/container"] = container
    assert ended(control_plane, namespace, job)[0] == verdict


def test_some_indexes_of_an_indexed_job_fail(control_plane: ControlPlane, namespace: str):
    job = one_pod_job("wave", outcome="fail", only_chunks="1,3")
    job["spec"] |= {
        "completionMode": "Indexed",
        "completions": 5,
        "parallelism": 5,
        "backoffLimitPerIndex": 0,
    }
    del job["spec"]["backoffLimit"]
    control_plane.api("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", job)
    until(lambda: condition(job_of(control_plane, namespace, "wave"), "Failed"), "for the job's end")
    status = job_of(control_plane, namespace, "wave")["status"]
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0,2,4", "1,3")


def test_containers_print_what_they_are_told(control_plane: ControlPlane, namespace: str):
    control_plane.print_log(namespace, "Fra:1 Mem:8M\nFra:2 Mem:8M")
    ended(control_plane, namespace, one_pod_job("talks"))
    logs = ("logs", "job/talks", "-n", namespace)
    until(lambda: printed(control_plane, *logs) == "Fra:1 Mem:8M\nFra:2 Mem:8M\n", "for the log to be told")
    control_plane.print_log(namespace, "Saved: 'two.png'")
    assert control_plane.kubectl(*logs, "--tail=1") == "Saved: 'two.png'\n"


def printed(plane: ControlPlane, *arguments: str) -> str:
    """What kubectl prints; nothing while kwok has not heard of the log."""
    try:
        return plane.kubectl(*arguments)
    except KubectlError as error:
        assert "no logs found" in error.err
        return ""
