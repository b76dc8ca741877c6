"""What a Job and its pods say, as the decision core is told."""

from __future__ import annotations

from typing import Any

import pytest

from renderjob.api import FailureClass, WaitReason
from renderjob.core import Kind, Phase
from renderjob.core.failures import Blame, Ended, Verdict, classify
from renderjob.core.inflight import InFlight
from renderjob.executors.kubernetes.manifests import template_digest
from renderjob.executors.kubernetes.observation import observe_attempt
from renderjob.executors.kubernetes.views import read_job_view, read_pod_view
from renderjob.frames import FrameSet
from renderjob.media import MergeAnswer
from support.jobs import job

LABELS = {"renderjob.dev/attempt-id": "7", "renderjob.dev/uid": "uid-1", "renderjob.dev/kind": "render"}
FLIGHT = InFlight(7, Kind.RENDER, FrameSet.parse("1-10"), 0, 1)
BLENDER = "Fra:1 Mem:10M | Rendering\nSaved: '/out/0001.png'\nFra:2 Mem:10M\nSaved: '/out/0002.png'\n"


def meta(**more: Any) -> dict[str, Any]:
    return {
        "uid": "j",
        "namespace": "film",
        "name": "shot-7",
        "resourceVersion": "5",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": LABELS,
        **more,
    }


def a_job(condition: str = "", reason: str = "", **fields: Any):
    conditions = [
        {"type": condition, "status": "True", "reason": reason, "lastTransitionTime": "2026-01-01T00:01:00Z"}
    ]
    status = {"startTime": "2026-01-01T00:00:01Z", "conditions": conditions if condition else []}
    if condition == "Complete":
        status["completionTime"] = "2026-01-01T00:00:30Z"
    owners = [{"uid": "uid-1", "controller": True}]
    view = read_job_view({"metadata": meta(ownerReferences=owners), "status": status} | fields)
    assert view is not None
    return view


def a_pod(state: dict[str, Any] | None = None, phase="Running", conditions=(), **more: Any):
    statuses = [{"name": "render", "state": state}] if state else []
    pod = read_pod_view(
        {
            "metadata": meta(**more),
            "spec": {"nodeName": "n3", "containers": [{"name": "render"}]},
            "status": {"phase": phase, "conditions": list(conditions), "containerStatuses": statuses},
        }
    )
    assert pod is not None
    return pod


def ended(code=1, reason="Error", message="", phase="Failed", **more: Any):
    times = {"startedAt": "2026-01-01T00:00:05Z", "finishedAt": "2026-01-01T00:00:25Z"}
    terminated = {"exitCode": code, "reason": reason, "message": message, **times}
    return a_pod({"terminated": terminated}, phase, **more)


def see(view, *pods, flight=FLIGHT, **spec):
    return observe_attempt(job(**spec), flight, view, pods, None)


def judge(view, *pods, flight=FLIGHT, **spec) -> Verdict:
    seen = see(view, *pods, flight=flight, **spec)
    assert seen.finished
    verdict = classify(Ended(flight, seen, job(**spec).spec))
    assert verdict is not None
    return verdict


def test_a_running_pod_is_a_running_attempt():
    seen = see(a_job(), a_pod({"running": {"startedAt": "2026-01-01T00:00:05Z"}}))
    assert seen.phase is Phase.RUNNING
    assert seen.started_at.second == 5
    assert seen.node == "n3"
    assert not seen.waiting
    assert not seen.watched, "nobody follows its log, so its silence says nothing"


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (
            a_pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}, "Pending"),
            "ImagePullBackOff: no such image",
        ),
        (
            a_pod(
                None,
                "Pending",
                [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes",
                    }
                ],
            ),
            "Unschedulable: 0/3 nodes",
        ),
        (a_pod({"waiting": {"reason": "ContainerCreating"}}, "Pending"), ""),
    ],
)
def test_a_pod_that_waits_says_why(pod, words):
    seen = see(a_job(), pod)
    assert seen.phase is Phase.RUNNING
    assert seen.started_at is None
    assert (seen.waiting.message if seen.waiting else "") == words
    assert seen.waiting_since is not None


def test_a_suspended_job_is_queued_not_stuck():
    assert see(a_job(spec={"suspend": True})).waiting.reason is WaitReason.QUEUED


def test_a_success_has_the_containers_own_times():
    seen = see(a_job("Complete"), ended(0, "Completed", phase="Succeeded"))
    assert seen.phase is Phase.SUCCEEDED
    assert (seen.finished_at - seen.started_at).total_seconds() == 20
    assert seen.exit_code == 0


def test_a_failure_has_exit_code_node_and_the_end_of_the_log():
    seen = see(a_job("Failed", "BackoffLimitExceeded"), ended(33, message="line 1\nno licence"))
    assert (seen.phase, seen.exit_code, seen.node) == (Phase.FAILED, 33, "n3")
    assert seen.log.endswith("no licence")


def test_frames_that_the_end_of_the_log_names_are_known_to_be_done():
    seen = see(a_job("Failed"), ended(139, message=BLENDER), output={"path": "/out", "file": "####.png"})
    assert str(seen.frames_done) == "1-2"


def test_killed_for_memory_is_the_kubelets_word():
    assert judge(a_job("Failed"), ended(137, "OOMKilled")).raise_memory
    assert not judge(a_job("Failed"), ended(137, "Error")).raise_memory


def test_a_program_that_is_not_there_is_the_manifests_fault():
    words = 'exec: "blendr": executable file not found in $PATH: unknown'
    verdict = judge(a_job("Failed"), ended(128, "StartError", words))
    assert (verdict.failure_class, verdict.blames) == (FailureClass.CONFIG, Blame.MANIFEST)
    assert "blendr" in verdict.text


@pytest.mark.parametrize(
    "pods",
    [
        (),
        (ended(137, conditions=[{"type": "DisruptionTarget", "status": "True"}]),),
        (a_pod({"running": {"startedAt": "2026-01-01T00:00:05Z"}}),),
    ],
)
def test_a_pod_that_was_evicted_or_vanished_is_lost(pods):
    assert see(a_job("Failed", "PodFailurePolicy"), *pods).phase is Phase.LOST


def test_a_deadline_is_a_timeout_if_it_ran_and_a_loss_if_it_never_did():
    ran = see(a_job("Failed", "DeadlineExceeded"), ended(143))
    assert ran.phase is Phase.FAILED
    assert judge(a_job("Failed", "DeadlineExceeded"), ended(143)).failure_class is FailureClass.TIMED_OUT
    assert see(a_job("Failed", "DeadlineExceeded")).phase is Phase.LOST


def test_pods_that_were_replaced_are_counted():
    gone = ended(137, conditions=[{"type": "DisruptionTarget", "status": "True"}], name="a")
    now = a_pod({"running": {"startedAt": "2026-01-01T00:01:05Z"}}, creationTimestamp="2026-01-01T00:01:00Z")
    ignore = {"podFailurePolicy": {"rules": [{"action": "Ignore"}]}}
    fail = {"podFailurePolicy": {"rules": [{"action": "FailJob"}]}}
    assert see(a_job(spec=ignore), gone, now).disruptions == 1
    assert see(a_job(spec=fail), gone).disruptions == 0, "its Job is about to fail, and is counted then"


VERIFY = InFlight(7, Kind.VERIFY, FrameSet.parse("1-10"), 0, 1)


def test_a_verification_says_what_it_found():
    told = '{"present":"1-8","missing":"9-10"}'
    seen = see(a_job("Complete"), ended(0, "Completed", told, "Succeeded"), flight=VERIFY)
    assert (str(seen.frames_done), str(seen.missing)) == ("1-8", "9-10")


@pytest.mark.parametrize("pods", [(), (ended(0, "Completed", "rubbish", "Succeeded"),)])
def test_a_verification_that_says_nothing_has_failed(pods):
    assert see(a_job("Complete"), *pods, flight=VERIFY).phase is Phase.FAILED


@pytest.mark.parametrize("kind", [Kind.MERGE, Kind.CHECK])
def test_a_merge_that_failed_says_why_and_which_frames_are_bad(kind):
    flight = InFlight(7, kind, FrameSet.parse("1-10"), 0, 1)
    told = MergeAnswer("2 of 10 frames can't be merged", FrameSet.parse("3-4,99")).text()
    seen = see(a_job("Failed", "BackoffLimitExceeded"), ended(1, "Error", told), flight=flight)
    assert (seen.phase, str(seen.bad), seen.refused) == (Phase.FAILED, "3-4", False)
    assert seen.answer == "2 of 10 frames can't be merged"
    told = MergeAnswer("a.mp4 and b.mp4 cannot be joined", refused=True).text()
    seen = see(a_job("Failed", "BackoffLimitExceeded"), ended(1, "Error", told), flight=flight)
    assert (seen.refused, seen.answer) == (True, "a.mp4 and b.mp4 cannot be joined")


@pytest.mark.parametrize("said", ["", "out of memory", "{", '{"message":1}', "[" * 5000, '{"message":"x"}'])
def test_a_merge_that_died_before_it_could_say_anything_says_nothing(said):
    flight = InFlight(7, Kind.MERGE, FrameSet.parse("1-10"), 0, 1)
    seen = see(a_job("Failed", "BackoffLimitExceeded"), ended(1, "Error", said), flight=flight)
    assert (seen.phase, seen.bad, seen.refused, seen.answer) == (Phase.FAILED, FrameSet(), False, "")


LOOK = InFlight(7, Kind.LOOK, FrameSet.parse("1-10"), 0, 1, beside=FrameSet((3, 4)))


def test_a_look_says_what_the_attempts_that_it_is_about_have_written():
    told = '{"written":[[3,1767225600,5],[9,1767225600,1]]}'
    seen = see(a_job("Complete"), ended(0, "Completed", told, "Succeeded"), flight=LOOK)
    assert seen.phase is Phase.SUCCEEDED
    assert [(w.id, w.at.isoformat(), w.frames) for w in seen.written] == [(3, "2026-01-01T00:00:00+00:00", 5)]


def test_a_look_that_says_nothing_has_found_nothing():
    seen = see(a_job("Complete"), ended(0, "Completed", "rubbish", "Succeeded"), flight=LOOK)
    assert (seen.finished, seen.written) == (True, ())


def test_what_is_nobodys_child_is_not_looked_at():
    assert read_job_view({"metadata": meta(labels={})}) is None
    assert read_pod_view({"metadata": meta(labels={"renderjob.dev/attempt-id": "x"})}) is None


TERM = {"phase": "Failed", "deletionTimestamp": "2026-01-01T00:00:55Z", "deletionGracePeriodSeconds": 30}


def test_a_pod_that_somebody_deleted_while_it_ran_is_lost_and_one_that_had_failed_before_is_not():
    """Its deletion was asked for at :25, 30 seconds before its timestamp; the container ended at :25."""
    assert see(a_job("Failed", "BackoffLimitExceeded"), ended(143, **TERM)).phase is Phase.LOST
    assert see(a_job("Failed", "BackoffLimitExceeded"), ended(255, **TERM)).phase is Phase.LOST
    later = {**TERM, "deletionTimestamp": "2026-01-01T00:00:56Z"}
    assert see(a_job("Failed", "BackoffLimitExceeded"), ended(1, **later)).phase is Phase.FAILED
    assert see(a_job("Failed", "BackoffLimitExceeded"), ended(137, "OOMKilled", **TERM)).phase is Phase.FAILED
    assert judge(a_job("Failed", "BackoffLimitExceeded"), ended(137, "OOMKilled", **TERM)).raise_memory


def failed_beside(field: str, render: dict[str, Any], message: str = "") -> Any:
    """A pod that failed by another container than the one that renders."""
    end = {"exitCode": 3, "reason": "Error", "message": message, "finishedAt": "2026-01-01T00:00:20Z"}
    statuses = {"containerStatuses": [{"name": "render", "state": render}]}
    statuses.setdefault(field, []).append({"name": "fetch", "state": {"terminated": end}})
    pod = read_pod_view(
        {
            "metadata": meta(),
            "spec": {"nodeName": "n3", "containers": [{"name": "render"}]},
            "status": {"phase": "Failed", **statuses},
        }
    )
    return see(a_job("Failed", "BackoffLimitExceeded"), pod)


@pytest.mark.parametrize(
    ("field", "render", "message", "words"),
    [
        (
            "initContainerStatuses",
            {"waiting": {"reason": "PodInitializing"}},
            "asks\nno licence",
            "init container fetch: no licence",
        ),
        (
            "initContainerStatuses",
            {"waiting": {"reason": "PodInitializing"}},
            "",
            "init container fetch: exit code 3",
        ),
        (
            "containerStatuses",
            {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-01-01T00:00:25Z"}},
            "upload failed",
            "container fetch: upload failed",
        ),
    ],
)
def test_a_container_beside_the_renderer_that_fails_is_named(field, render, message, words):
    seen = failed_beside(field, render, message)
    assert seen.phase is Phase.FAILED
    assert (seen.exit_code, seen.log) == (3, words)


def test_the_renderer_s_own_failure_comes_first():
    seen = failed_beside("containerStatuses", {"terminated": {"exitCode": 7, "message": "no scene"}}, "x")
    assert (seen.exit_code, seen.log) == (7, "no scene")


def test_what_has_not_begun_is_outdated_when_its_template_was_edited():
    def made_from(template: str, *pods, flight=FLIGHT):
        raw = meta(annotations={"renderjob.dev/template": template} if template else {})
        view = read_job_view({"metadata": raw, "status": {}})
        assert view is not None
        return see(view, *pods, flight=flight)

    now = template_digest(job(), Kind.RENDER)
    waits = a_pod({"waiting": {"reason": "ContainerCreating"}}, "Pending")
    runs = a_pod({"running": {"startedAt": "2026-01-01T00:00:05Z"}})
    assert made_from("of-before", waits).outdated
    assert made_from("of-before").outdated
    assert not made_from(now, waits).outdated
    assert not made_from("of-before", runs).outdated, "what runs is only stopped when a pixel depends on it"
    assert not made_from("", waits).outdated, "made by an operator that did not say"
    assert not made_from("of-before", waits, flight=None).outdated


LIMITED = {"template": {"spec": {"containers": [{"name": "r", "resources": {"limits": {"memory": "1Gi"}}}]}}}


def test_a_kill_is_for_memory_only_by_the_kubelet_s_word():
    failed = a_job("Failed", "BackoffLimitExceeded")
    assert judge(failed, ended(137, reason="OOMKilled"), **LIMITED).raise_memory
    killed = judge(failed, ended(137), **LIMITED)
    assert (killed.raise_memory, killed.failure_class) == (False, FailureClass.ERROR)
    assert see(failed, ended(137, **TERM), **LIMITED).phase is Phase.LOST
