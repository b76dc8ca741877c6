"""Verification and merge in the cluster: Jobs of our own image on the user's volumes, before a job is complete."""

from __future__ import annotations

import re

from harness.waiting import until
from renderjob.frames import FrameSet
from support.cluster import TERMINAL, ClusterFarm, Object
from support.kube import told

VOLUMES = [{"name": "renders", "persistentVolumeClaim": {"claimName": "renders", "readOnly": False}}]
POD = {
    "spec": {
        "containers": [
            {
                "name": "render",
                "image": "example/none:1",
                "volumeMounts": [{"name": "renders", "mountPath": "/renders"}],
                "securityContext": {"runAsUser": 1000},
            }
        ],
        "volumes": [{"name": "renders", "emptyDir": {}}],
        "nodeSelector": {"kubernetes.io/hostname": "node-1"},
        "tolerations": [{"key": "farm", "operator": "Exists", "effect": "NoSchedule"}],
        "securityContext": {"fsGroup": 2000},
    }
}
TMP = {"name": "renderjob-tmp", "mountPath": "/tmp"}
OUTPUT = {"path": "/renders/shot", "file": "####.png"}


def test_frames_count_when_a_verification_has_found_them(farm: ClusterFarm):
    labels = told(run="3s", only_kinds="verify")
    name = farm.submit(
        frames="1-6", chunks={"size": 3}, parallelism=2, output=OUTPUT, labels=labels, template=POD
    )
    (pod,) = farm.running(name, kind="verify")
    status = farm.reached(name, lambda s: s["conditions"][0]["reason"] == "Verifying")
    assert (status["frames"]["completed"], status["frames"]["unverified"]) == ("", "1-6")
    assert (status["progress"], status["completedFrames"]) == (99, 0)
    (container,) = pod["spec"]["containers"]
    assert container["args"][0] == "verify"
    # It looks and writes nothing, but for what its programs put aside.
    assert container["volumeMounts"] == [{"name": "renders", "mountPath": "/renders", "readOnly": True}, TMP]
    assert container["securityContext"]["runAsUser"] == 1000
    assert [v for v in pod["spec"]["volumes"] if v["name"] != TMP["name"]] == POD["spec"]["volumes"]
    assert pod["spec"]["nodeSelector"] == POD["spec"]["nodeSelector"]
    assert pod["spec"]["securityContext"]["fsGroup"] == 2000
    assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["spec"]["automountServiceAccountToken"] is False
    status = farm.end(name)
    assert (status["state"], status["frames"]["completed"]) == ("Completed", "1-6")
    assert status["attempts"]["succeeded"] == 2


def test_what_a_verification_misses_is_rendered_again_and_nothing_else(farm: ClusterFarm):
    """Chunks 1 and 2 are rendered, attempt 3 looks and misses two frames, 4 renders them, 5 looks again."""
    labels = told(missing="2_5", missing_before="4")
    status = farm.run(frames="1-6", chunks={"size": 3}, parallelism=2, output=OUTPUT, labels=labels)
    assert (status["state"], status["frames"]["completed"]) == ("Completed", "1-6")
    # A failure for each node: two chunks failed, wherever they ran.
    failures = status["failures"]
    assert FrameSet.union_of(FrameSet.parse(f["frames"]) for f in failures) == FrameSet.parse("2,5")
    assert all(f["class"] == "NoOutput" and f["node"] for f in failures)
    assert "/renders/shot/####.png" in failures[0]["message"]
    counts = status["attempts"]
    assert (counts["failed"], counts["noOutput"], counts["succeeded"]) == (2, 2, 2)


def test_frames_that_never_appear_fail_the_job(farm: ClusterFarm):
    labels = told(missing="2", missing_before="1000")
    status = farm.run(
        frames="1-3", output=OUTPUT, labels=labels, retries={"perChunk": 1, "onFailure": "Stop"}
    )
    assert (status["state"], status["frames"]["completed"], status["frames"]["failed"]) == (
        "Failed",
        "1,3",
        "2",
    )
    assert [f["attempt"] for f in status["failures"]] == [1, 2]


def test_a_verification_that_fails_says_nothing_about_the_frames(farm: ClusterFarm):
    labels = told(outcome="fail", only_kinds="verify", fail_attempts="2")
    name = farm.submit(frames="1-3", output=OUTPUT, labels=labels)
    status = farm.end(name)
    assert (status["state"], status["attempts"]["failed"]) == ("Completed", 0)
    assert [e for e in farm.events(name) if e[1] == "VerifyFailed"] == [("Warning", "VerifyFailed")] * 2


MERGE = {"ffmpeg": {"fps": 24, "file": "shot.mp4"}}


def test_the_frames_are_merged_when_all_are_there(farm: ClusterFarm):
    name = farm.submit(
        frames="1-4", output=OUTPUT, merge=MERGE, labels=told(run="6s", only_kinds="merge"), template=POD
    )
    (pod,) = farm.running(name, kind="merge")
    status = farm.reached(name, lambda s: s["state"] in ("Merging", "Completed"))
    assert status["frames"]["completed"] == "1-4"
    assert (status["state"], status["progress"]) in (("Merging", 99), ("Completed", 100))
    (container,) = pod["spec"]["containers"]
    assert container["args"][0] == "merge"
    status = farm.end(name)
    assert status["state"] == "Completed"
    assert status["result"]["merged"] == "/renders/shot/shot.mp4"
    told_of = ["Started", "Merging", "Merged", "Completed"]
    until(lambda: [reason for _, reason in farm.events(name)] == told_of, "for the events of its end")


def test_a_failed_merge_loses_no_frame_and_retry_merges_again(farm: ClusterFarm):
    labels = told(outcome="fail", only_kinds="merge")
    merge = {**MERGE, "retries": 1}
    name = farm.submit(frames="1-4", output=OUTPUT, merge=merge, labels=labels)
    status = farm.end(name)
    assert (status["state"], status["fatalReason"]) == ("Failed", "MergeFailed")
    assert (status["frames"]["completed"], status["attempts"]["succeeded"]) == ("1-4", 1)
    farm.patch(name, {"metadata": {"labels": {"kwok.renderjob.dev/outcome": None}}, "spec": {"retry": 1}})
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert status["attempts"]["succeeded"] == 1, "no frame was rendered again"


def test_a_merge_of_ones_own_is_told_what_there_is(farm: ClusterFarm):
    container = {"name": "join", "image": "example/join:1", "args": ["$(RENDER_START)"]}
    pod = {"metadata": {"annotations": told(run="2s")}, "spec": {"containers": [container]}}
    merge = {"template": pod, "output": "all.mov"}
    name = farm.submit(frames="1-10", chunks={"size": 5}, parallelism=2, output={"path": "/o"}, merge=merge)
    (merging,) = farm.running(name, kind="merge")
    (container,) = merging["spec"]["containers"]
    assert container["image"] == "example/join:1"
    told_it = {e["name"]: e["value"] for e in container["env"]}
    assert (told_it["RENDER_FRAMES"], told_it["RENDER_OUTPUT"]) == ("1-10", "/o")
    assert farm.end(name)["result"]["merged"] == "/o/all.mov"


def test_every_fenced_attempt_has_a_directory_of_its_own_and_the_look_has_none(farm: ClusterFarm):
    labels = told(run="2s", missing="2", missing_before="4")
    output = {**OUTPUT, "fenced": True}
    name = farm.submit(
        frames="1-4", chunks={"size": 2}, parallelism=2, output=output, template=POD, labels=labels
    )
    own = POD["spec"]["containers"][0]["volumeMounts"]
    seen: dict[str, list[Object]] = {}

    def looked() -> bool:
        for job in farm.jobs(name):
            [container] = job["spec"]["template"]["spec"]["containers"]
            which = job["metadata"]["labels"]
            kind, id_ = which["renderjob.dev/kind"], which["renderjob.dev/attempt-id"]
            seen[f"{kind} {id_}"] = container["volumeMounts"]
        return farm.status(name).get("state") in TERMINAL

    until(looked, f"for the end of {name}")
    assert farm.status(name)["state"] == "Completed"
    assert set(seen) == {"render 1", "render 2", "verify 3", "render 4", "verify 5"}
    for key, mounts in seen.items():
        kind, id_ = key.split()
        if kind == "verify":
            assert mounts == [*own, TMP]
            continue
        fence = mounts[-1]
        assert mounts[:-1] == own
        assert (fence["name"], fence["mountPath"]) == ("renders", "/renders/shot")
        assert re.fullmatch(rf"shot/[.]renderjob/[0-9a-f]{{8}}-[0-9a-f]{{8}}/{id_}", fence["subPath"])


def test_an_output_that_can_not_be_fenced_is_said_in_words(farm: ClusterFarm):
    name = farm.submit(frames="1-4", output={**OUTPUT, "fenced": True})
    status = farm.reached(name, lambda s: s["error"])
    assert "no volumeMount of the container render covers /renders/shot" in status["error"]
    assert farm.condition(name, "Stalled")["reason"] == "InvalidTemplate"
    assert farm.jobs(name) == []
