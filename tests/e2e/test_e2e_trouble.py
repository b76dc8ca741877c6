"""What goes wrong with real containers: what a person reads, in whose words, and that it goes on by itself."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.cluster import Place
from e2e.jobs import files, python, render_job
from e2e.volume import digests
from harness.waiting import until

Object = dict[str, Any]

HUNGRY = "held = bytearray(160 << 20); held[::4096] = b'x' * len(held[::4096])"
"""A line that needs 160 MiB."""


def test_a_chunk_that_is_killed_for_memory_gets_more_and_what_follows_starts_with_it(place: Place):
    place.apply(
        render_job(
            "hungry",
            python(HUNGRY, *files("/renders/hungry")),
            container={"resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}},
            frames="1-12",
            chunks={"size": 2},
            parallelism=1,
            output={"path": "/renders/hungry", "file": "####.txt"},
            retries={"backoff": {"initial": "0s"}, "memory": {"factor": 4, "max": "1Gi"}},
            cleanup={"keepFailedChunks": 5},
        )
    )
    place.wait("hungry", "Complete")
    status = place.status("hungry")
    assert status["completedFrames"] == 12
    # One kill, or one more where the next chunk began while the first was being counted; not one for every chunk.
    assert 1 <= status["attempts"]["outOfMemory"] < 6
    # A node that is very busy may miss the kernel's word of a kill, and say only how it ended.
    kinds = {(f["class"], f["exitCode"]) for f in status["failures"]}
    assert {("OutOfMemory", 137)} <= kinds <= {("OutOfMemory", 137), ("Error", 137)}
    assert any("ran out of memory with 64Mi" in f["message"] for f in status["failures"])
    assert len(digests(place, "/renders/hungry", ".txt")) == 12
    failed = [pod for pod in place.pods("hungry") if pod["status"]["phase"] == "Failed"]
    assert any(
        p["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "OOMKilled" for p in failed
    )


def broken(name: str, container: Object | None = None, pod: Object | None = None) -> Object:
    """A RenderJob that can't start."""
    job = render_job(name, python("pass"), container=container, frames="1-2", chunks={"size": 1})
    job["spec"]["template"]["spec"].update(pod or {})
    return job


CLAIMED = {"volumes": [{"name": "renders", "persistentVolumeClaim": {"claimName": "nowhere"}}]}
KEY = {"volumeMounts": [{"name": "key", "mountPath": "/key"}]}
MOUNTED = {
    "volumes": [
        {"name": "renders", "persistentVolumeClaim": {"claimName": "renders"}},
        {"name": "key", "secret": {"secretName": "licence"}},
    ]
}
SECRET = {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "licence", "key": "key"}}}]}


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (broken("image", {"image": "registry.invalid/blender:4.5"}), ["ErrImagePull", "registry.invalid"]),
        (broken("secret", SECRET), ["CreateContainerConfigError", 'secret "licence" not found']),
        (broken("mount", KEY, MOUNTED), ["FailedMount", 'secret "licence" not found']),
        (broken("claim", pod=CLAIMED), ["Unschedulable", 'persistentvolumeclaim "nowhere" not found']),
        (broken("node", pod={"nodeSelector": {"gpu": "yes"}}), ["Unschedulable", "node affinity/selector"]),
    ],
    ids=lambda value: value["metadata"]["name"] if isinstance(value, dict) else "",
)
def test_what_can_not_start_is_told_in_words_and_an_edit_of_the_manifest_mends_it(
    place: Place, job: Object, words: list[str]
):
    name = job["metadata"]["name"]
    place.apply(job)
    ready = place.says(name, *words)
    assert ready["status"] == "False"
    assert ready["reason"] == "WaitingForPods"
    assert place.condition(name, "Reconciling")["message"] == ready["message"]
    assert place.condition(name, "Stalled")["status"] == "False"
    status = place.status(name)
    assert status["attempts"]["failed"] == 0
    assert all(word in status["error"] for word in words), "kubectl get rj -o wide shows it, too"

    place.apply(broken(name))
    place.wait(name, "Complete")
    status = place.status(name)
    assert status["attempts"]["failed"] == 0
    assert place.condition(name, "Ready")["reason"] == "Completed"
    assert status["error"] == ""


def test_what_was_missing_is_made_and_the_job_goes_on_without_an_edit(place: Place):
    place.apply(broken("shot", SECRET))
    place.says("shot", 'secret "licence" not found')
    place.kubectl("create", "secret", "generic", "licence", "--from-literal=key=1")
    place.wait("shot", "Complete")
    assert place.status("shot")["attempts"] == {**place.status("shot")["attempts"], "failed": 0, "config": 0}


def test_a_program_that_is_not_in_the_image_fails_the_job_in_the_runtime_s_words(place: Place):
    place.apply(render_job("shot", ["blender", "-b"], frames="1-20", chunks={"size": 1}))
    place.wait("shot", "Failed")
    status = place.status("shot")
    assert place.condition("shot", "Failed")["reason"] == "Config"
    assert "blender" in status["error"]
    assert status["attempts"]["config"] <= 2, "one chunk's word is enough, as many as ran beside it"
    assert place.condition("shot", "Stalled")["status"] == "True"


def test_a_quota_holds_pods_up_and_they_come_when_it_is_raised(place: Place):
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"pods": "1"}},
    }
    # The pod with the volume is the one.
    place.apply(quota)
    until(lambda: place.get("resourcequota", "small")["status"].get("used"), "for the quota to be counted")
    place.apply(broken("shot"))
    place.says("shot", "exceeded quota: small")
    assert place.condition("shot", "Stalled")["reason"] == "QuotaExceeded"
    place.apply({**quota, "spec": {"hard": {"pods": "10"}}})
    place.wait("shot", "Complete")
    assert place.status("shot")["attempts"]["failed"] == 0


def test_pods_of_a_node_that_somebody_deletes_cost_no_retry(place: Place):
    place.apply(
        render_job(
            "shot",
            python("time.sleep(60 if os.environ['RENDER_ATTEMPT'] == '1' else 0)", *files("/renders/shot")),
            frames="1-8",
            chunks={"size": 2},
            parallelism=4,
            output={"path": "/renders/shot", "file": "####.txt"},
            retries={"perChunk": 0, "onFailure": "Stop"},
        )
    )
    until(lambda: len(place.running("shot")) >= 2, "for pods to run", 120)
    node = next(p["spec"]["nodeName"] for p in place.pods("shot") if p["status"]["phase"] == "Running")
    selector = ["--selector=renderjob.dev/job=shot", f"--field-selector=spec.nodeName={node}"]
    place.kubectl("delete", "pods", *selector, "--wait=false")
    place.wait("shot", "Complete")
    attempts = place.status("shot")["attempts"]
    assert attempts["failed"] == 0
    assert attempts["disrupted"] > 0


def test_the_first_chunks_fail_alike_and_the_rest_is_spared(place: Place):
    place.apply(
        render_job(
            "shot",
            python("sys.exit('no such scene: shot.blend')"),
            frames="1-200",
            chunks={"size": 1},
            parallelism=4,
        )
    )
    place.wait("shot", "Failed")
    status = place.status("shot")
    assert place.condition("shot", "Failed")["reason"] == "CanaryFailed"
    assert "no such scene: shot.blend" in status["error"]
    assert status["attempts"]["failed"] < 20
