"""The operator as it is installed: what it may do, two replicas of which one leads, and what each answers.

These tests kill operators: they run one after the other (conftest.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster import PATIENCE, SYSTEM, Place, kubectl, leader
from e2e.jobs import files, python, render_job
from e2e.one_piece import WHOLE, example, render_in_one_piece
from e2e.volume import digests, fetch, run
from harness.waiting import until
from renderjob.frames import FrameSet
from renderjob.media import frame_hashes
from renderjob.workload import merge_request, pack

Object = dict[str, Any]

ROOT = Path(__file__).parents[2]
ACCOUNT = f"system:serviceaccount:{SYSTEM}:renderjob-operator"
OPERATORS = "renderjob.dev/component=operator"


def operators() -> list[Object]:
    """The operator's pods that are ready."""
    pods = Place(SYSTEM).list("pods", "--selector", OPERATORS)
    return [
        pod
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
    ]


def led_by_one_of_two() -> bool:
    """Both are there; a lease may be held by one that is gone, until it runs out."""
    names = {pod["metadata"]["name"] for pod in operators()}
    return len(names) == 2 and leader() in names


def rights(user: str, namespace: str) -> set[tuple[str, str]]:
    """Verb and resource of each right that somebody has in a namespace, of those that a rule gives."""
    text = kubectl("auth", "can-i", "--list", f"--as={user}", "--namespace", namespace, "--no-headers")
    found = set()
    for line in text.splitlines():
        if line.startswith(" "):
            continue  # a path, such as /healthz
        verbs = line[line.rindex("[") + 1 : line.rindex("]")].split()
        found |= {(verb, line.split()[0]) for verb in verbs}
    return found


def granted(*files: str) -> set[tuple[str, str]]:
    """The same of the rules in manifests."""
    found = set()
    for file in files:
        for document in yaml.safe_load_all((ROOT / "manifests" / file).read_text()):
            for rule in document.get("rules", ()):
                for resource in rule["resources"]:
                    name = f"{resource}.{rule['apiGroups'][0]}".rstrip(".")
                    if "/" in resource and rule["apiGroups"][0]:
                        kind, _, part = resource.partition("/")
                        name = f"{kind}.{rule['apiGroups'][0]}/{part}"
                    found |= {(verb, name) for verb in rule["verbs"]}
    return found


def test_the_operator_may_do_what_the_manifests_say_and_nothing_else(place: Place):
    place.kubectl("create", "serviceaccount", "nobody")
    everybody = rights(f"system:serviceaccount:{place.namespace}:nobody", place.namespace)
    assert rights(ACCOUNT, place.namespace) - everybody == granted("cluster-role.yaml")
    own = granted("cluster-role.yaml", "base/own-role.yaml")
    assert rights(ACCOUNT, SYSTEM) - everybody == own


@pytest.mark.parametrize("how", ["politely", "by force"])
def test_the_leader_dies_and_the_other_goes_on(place: Place, how: str):
    until(led_by_one_of_two, "for two replicas of which one leads", PATIENCE)
    first = leader()
    place.apply(
        render_job(
            "shot",
            python("time.sleep(1)", *files("/renders/shot")),
            frames="1-16",
            chunks={"size": 1},
            parallelism=3,
            output={"path": "/renders/shot", "file": "####.txt"},
        )
    )
    place.until_frames("shot", 3)
    force = ["--force", "--grace-period=0"] if how == "by force" else []
    kubectl("--namespace", SYSTEM, "delete", "pod", first, "--wait=false", *force)
    place.wait("shot", "Complete")

    assert leader() not in ("", first)
    attempts = place.status("shot")["attempts"]
    assert (attempts["failed"], attempts["disrupted"], attempts["stopped"]) == (0, 0, 0)
    assert attempts["succeeded"] == 16, "nothing was rendered twice"
    assert len(digests(place, "/renders/shot", ".txt")) == 16
    until(lambda: len(operators()) == 2, "for two replicas again", PATIENCE)


def test_every_replica_answers_and_one_of_them_leads():
    def leads() -> list[float]:
        found = []
        for pod in operators():
            path = f"/api/v1/namespaces/{SYSTEM}/pods/{pod['metadata']['name']}:8080/proxy/"
            assert kubectl("get", "--raw", f"{path}readyz") == "ok"
            assert kubectl("get", "--raw", f"{path}healthz") == "ok"
            lines = kubectl("get", "--raw", f"{path}metrics").splitlines()
            found += [float(line.split()[1]) for line in lines if line.startswith("renderjob_leader ")]
        return sorted(found)

    until(lambda: leads() == [0.0, 1.0], "for one of two to lead", PATIENCE)


def test_what_the_operator_s_container_is():
    """No user of the system's, nothing to write to but /tmp, and lines that a program can read."""
    for pod in operators():
        [container] = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        name = pod["metadata"]["name"]
        who = kubectl(
            "--namespace", SYSTEM, "exec", name, "--", "python", "-c", "import os; print(os.getuid())"
        )
        assert int(who) == 65532
        assert json.loads(kubectl("--namespace", SYSTEM, "logs", name, "--tail=1") or "{}")


def test_julia_survives_the_loss_of_the_operator_and_a_drained_node(place: Place, tmp_path: Path):
    file, job = example("julia")
    place.kubectl("apply", "-f", str(file))
    place.until_frames("julia", 12)
    # Both replicas at once, without a word.
    kubectl("--namespace", SYSTEM, "delete", "pods", "--all", "--force", "--grace-period=0", "--wait=false")
    place.until_frames("julia", 36)
    drain(place, "julia")
    place.wait("julia", "Complete")

    status = place.status("julia")
    assert status["state"] == "Completed"
    assert status["completedFrames"] == 144
    assert status["frames"]["completed"] == "1-144"
    assert status["attempts"]["disrupted"] > 0
    assert status["attempts"]["failed"] == 0
    assert status["attempts"]["succeeded"] >= 12
    assert status["result"]["merged"] == "/renders/julia/julia.mp4"

    render_in_one_piece(place, job)
    run(place, "renderjob", "merge", pack(merge_request(job, FrameSet.parse(job.spec.frames), WHOLE)))
    pictures = digests(place, "/renders/julia", ".png")
    assert len(pictures) == 144
    assert pictures == digests(place, WHOLE, ".png")
    chunked = frame_hashes(fetch(place, "/renders/julia/julia.mp4", tmp_path / "chunked.mp4"))
    assert len(chunked) == 144
    assert chunked == frame_hashes(fetch(place, f"{WHOLE}/julia.mp4", tmp_path / "whole.mp4"))


def drain(place: Place, name: str) -> None:
    """Evict the RenderJob's pods of a node, as an administrator does, and give the node back."""
    until(lambda: place.running(name), f"for a pod of {name} to run")
    pod = next(p for p in place.pods(name) if p["status"]["phase"] == "Running")
    node = pod["spec"]["nodeName"]
    try:
        kubectl(
            "drain",
            node,
            f"--pod-selector=renderjob.dev/uid={place.get('renderjob', name)['metadata']['uid']}",
            "--delete-emptydir-data",
            "--ignore-daemonsets",
            "--timeout=120s",
        )
    finally:
        kubectl("uncordon", node)
