"""What people and tools see with kubectl: lines that tell the truth, waits, events, and nothing to fight over."""

from __future__ import annotations

import json
import re

import pytest

from harness import KubectlError
from harness.waiting import patient, until
from support.cluster import ClusterFarm
from support.kube import told
from support.watching import check_truth, kstatus, watching

SOME_FAIL = {"outcome": "fail", "only_chunks": "1", "fail_attempts": "1", "run": "300ms"}


def test_every_line_of_a_watch_tells_the_truth(farm: ClusterFarm):
    body = farm.manifest(
        frames="1-24",
        chunks={"size": 2},
        parallelism=3,
        output={"path": "/o", "file": "#.png"},
        merge={"ffmpeg": {"file": "all.mp4", "fps": 24}},
        labels=told(run="500ms"),
        kwok=SOME_FAIL,
    )
    name = farm.create(body)
    with watching(farm.plane, farm.namespace, name) as watched:
        farm.end(name)
        until(lambda: watched.objects()[-1]["status"].get("state") == "Completed", "for the last line")
        seen = watched.objects()
    statuses = [thing["status"] for thing in seen if "state" in thing["status"]]
    check_truth(statuses)
    assert len(statuses) > 4
    states = [status["state"] for status in statuses]
    assert [s for n, s in enumerate(states) if s != states[n - 1]] == ["Running", "Merging", "Completed"]


def test_gitops_tools_see_it_in_progress_until_it_is_ready(farm: ClusterFarm):
    name = farm.submit(frames="1-6", chunks={"size": 2}, kwok={"run": "500ms"})
    with watching(farm.plane, farm.namespace, name) as watched:
        farm.end(name)
        farm.edit(name, frames="1-8")
        farm.reached(name, lambda s: s["totalFrames"] == 8 and s["state"] == "Completed")
        until(lambda: kstatus(watched.objects()[-1]) == "Current", "for the last line")
        seen = watched.objects()
    words = [(thing["metadata"]["generation"], kstatus(thing)) for thing in seen]
    changes = [word for n, word in enumerate(words) if n == 0 or word != words[n - 1]]
    assert changes == [(1, "InProgress"), (1, "Current"), (2, "InProgress"), (2, "Current")]


def test_gitops_tools_see_a_failure(farm: ClusterFarm):
    name = farm.submit(retries={"perChunk": 0, "onFailure": "Stop"}, kwok={"outcome": "fail"})
    farm.end(name)
    assert kstatus(farm.get(name)) == "Failed"


def test_applying_it_again_changes_nothing_and_diff_is_clean(farm: ClusterFarm):
    body = farm.manifest(frames="1-4", chunks={"size": 2}, kwok={"run": "300ms"})
    name = body["metadata"]["name"]
    text = json.dumps(body)
    assert "created" in farm.kubectl("apply", "-f", "-", text=text)
    farm.reached(name, lambda s: s["state"] == "Running")
    assert "unchanged" in farm.kubectl("apply", "-f", "-", text=text)
    assert farm.kubectl("diff", "-f", "-", text=text) == ""
    status = farm.end(name)
    assert "unchanged" in farm.kubectl("apply", "-f", "-", text=text)
    assert farm.kubectl("diff", "-f", "-", text=text) == ""
    assert farm.get(name)["metadata"]["generation"] == 1, "nobody but the user writes the spec"
    edited = json.dumps(body | {"spec": body["spec"] | {"frames": "1-6"}})
    with pytest.raises(KubectlError) as differs:
        farm.kubectl("diff", "-f", "-", text=edited)
    changed = [line for line in differs.value.out.splitlines() if re.match(r"[-+] ", line)]
    assert [line.split() for line in changed if "generation" not in line] == [
        ["-", "frames:", "1-4"],
        ["+", "frames:", "1-6"],
    ]
    assert status["attempts"]["succeeded"] == 2


def test_server_side_apply_shares_nothing_with_the_operator(farm: ClusterFarm):
    body = farm.manifest(frames="1-4", kwok={"run": "300ms"})
    text = json.dumps(body)
    for _ in range(2):
        farm.kubectl("apply", "--server-side", "-f", "-", text=text)
        farm.end(body["metadata"]["name"])
    managers = farm.get(body["metadata"]["name"])["metadata"]["managedFields"]
    by_us = [m for m in managers if m["manager"] == "renderjob"]
    assert {m.get("subresource") for m in by_us} == {"status"}


def test_kubectl_wait(farm: ClusterFarm):
    name = farm.submit(kwok={"run": "1s"})
    farm.kubectl("wait", "--for=condition=Complete", f"rj/{name}", f"--timeout={patient():.0f}s")
    assert farm.status(name)["state"] == "Completed"
    failing = farm.submit(retries={"perChunk": 0, "onFailure": "Stop"}, kwok={"outcome": "fail"})
    farm.kubectl("wait", "--for=condition=Failed", f"rj/{failing}", f"--timeout={patient():.0f}s")
    farm.kubectl(
        "wait", "--for=jsonpath={.status.state}=Failed", f"rj/{failing}", f"--timeout={patient():.0f}s"
    )


def test_the_columns(farm: ClusterFarm):
    name = farm.submit(
        frames="1-8", chunks={"size": 2}, parallelism=2, kwok={"outcome": "hang", "only_chunks": "1,2"}
    )
    farm.reached(name, lambda s: s["completedFrames"] == 2 and s["active"] == 2)
    head, line = farm.kubectl("get", "rj", name).splitlines()
    shown = {
        title: line[match.start() : match.end()].strip()
        for match in re.finditer(r"\S+ *", head + " " * 10)
        for title in [match.group().strip()]
    }
    expected = {
        "NAME": name,
        "STATE": "Running",
        "PROGRESS": "25",
        "FRAMES": "2/8",
        "CHUNKS": "1/4",
        "ACTIVE": "2",
    }
    assert {title: shown[title] for title in expected} == expected
    assert shown["RETRIES"] == "0"
    assert re.fullmatch(r"\d+s", shown["AGE"])
    farm.delete(name)


def test_events_are_told_after_the_status_that_they_speak_of(farm: ClusterFarm):
    """Whoever hears of the end, and looks, finds it."""
    name = farm.submit(frames="1-4", chunks={"size": 2}, kwok=SOME_FAIL)
    states = {}

    def ended() -> bool:
        for _, reason in farm.events(name):
            states.setdefault(reason, farm.status(name))
        return "Completed" in states

    until(ended, "for the last event")
    assert states["Completed"]["state"] == "Completed"
    assert states["ChunkFailed"]["attempts"]["failed"] == 1
    assert states["Started"]["startedAt"]
    assert [reason for _, reason in farm.events(name)] == ["Started", "ChunkFailed", "Completed"]
    described = farm.kubectl("describe", "rj", name)
    for words in (
        "renders 4 frames in 2 chunks",
        "frames 3-4, attempt 1: Error",
        "all 4 frames are rendered",
    ):
        assert words in described


def test_a_finished_job_is_left_alone(farm: ClusterFarm):
    name = farm.submit()
    farm.end(name)
    version = farm.get(name)["metadata"]["resourceVersion"]
    farm.run(frames="1-4", chunks={"size": 1}, kwok={"run": "300ms"})
    assert farm.get(name)["metadata"]["resourceVersion"] == version


def test_kubectl_shows_what_belongs_to_a_job(farm: ClusterFarm):
    name = farm.submit(frames="1-4", chunks={"size": 2}, parallelism=2, kwok={"outcome": "hang"})
    farm.running(name, 2)
    shown = farm.kubectl("get", "jobs,pods", "-l", f"renderjob.dev/job={name}", "-o", "name")
    kinds = [line.split("/")[0] for line in shown.split()]
    assert sorted(kinds) == ["job.batch", "job.batch", "pod", "pod"]
    farm.delete(name)


def test_the_lines_of_a_watch_only_rise(farm: ClusterFarm):
    name = farm.submit(frames="1-6", chunks={"size": 2}, kwok={"run": "500ms"})
    with watching(farm.plane, farm.namespace, name, "") as watched:
        until(lambda: "Completed" in watched.text(), "for the last line")
        text = watched.text()
    percent = [int(found) for found in re.findall(rf"^{name} +[A-Z]\w+ +(\d+)", text, re.MULTILINE)]
    assert percent == sorted(percent), text
    assert percent[-1] == 100
