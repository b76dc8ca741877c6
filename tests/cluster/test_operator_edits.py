"""Edits while a job runs: what an edit touches is rendered again, nothing else."""

from __future__ import annotations

from typing import Any

from harness.waiting import until
from support.cluster import ClusterFarm


def half_done(farm: ClusterFarm, **spec: Any) -> str:
    """A job of four chunks: two are rendered, the third hangs, the fourth waits."""
    kwok = {"outcome": "hang", "only_chunks": "2"}
    name = farm.submit(frames="1-8", chunks={"size": 2}, kwok=kwok, **spec)
    farm.reached(name, lambda s: s["completedFrames"] == 4 and s["frames"]["active"] == "5-6")
    farm.running(name, chunk="2")
    return name


def let_go(farm: ClusterFarm, name: str) -> None:
    """The next attempts succeed, and what hangs is lost with its pod, free of charge."""
    told = {"kwok.renderjob.dev/outcome": "succeed"}
    farm.edit(name, template={"metadata": {"annotations": told}})
    for job in farm.jobs(name):
        path = f"/apis/batch/v1/namespaces/{farm.namespace}/jobs/{job['metadata']['name']}"
        farm.plane.api("DELETE", f"{path}?propagationPolicy=Background")


def test_more_frames(farm: ClusterFarm):
    name = half_done(farm)
    farm.edit(name, frames="1-12")
    status = farm.reached(name, lambda s: s["totalFrames"] == 12)
    assert status["frames"]["completed"] == "1-4"
    let_go(farm, name)
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert status["frames"]["completed"] == "1-12"
    assert status["attempts"]["succeeded"] == 6


def test_fewer_frames_stop_the_surplus(farm: ClusterFarm):
    name = half_done(farm)
    farm.edit(name, frames="1-4")
    status = farm.end(name)
    assert (status["state"], status["totalFrames"], status["attempts"]["stopped"]) == ("Completed", 4, 1)
    until(lambda: not farm.pods(name), "for the surplus to stop")


def test_more_frames_for_a_job_that_was_complete(farm: ClusterFarm):
    name = farm.submit(frames="1-4", chunks={"size": 2}, parallelism=2)
    farm.end(name)
    farm.edit(name, frames="1-8")
    status = farm.reached(name, lambda s: s["completedFrames"] == 8 and s["state"] == "Completed")
    assert status["attempts"]["succeeded"] == 4


def test_another_command_renders_all_again(farm: ClusterFarm):
    name = half_done(farm)
    container = {"name": "render", "image": "example/none:1", "command": ["render", "--better"]}
    told = {"kwok.renderjob.dev/outcome": "succeed"}
    farm.edit(name, template={"metadata": {"annotations": told}, "spec": {"containers": [container]}})
    status = farm.reached(name, lambda s: s["observedGeneration"] == 2)
    assert status["frames"]["completed"] == ""
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert (status["attempts"]["succeeded"], status["attempts"]["stopped"]) == (2 + 4, 1)
    assert ("Normal", "Edited") in farm.events(name)


def test_another_command_may_keep_what_is_rendered(farm: ClusterFarm):
    name = half_done(farm, onEdit="Keep")
    container = {"name": "render", "image": "example/none:1", "command": ["render", "--better"]}
    farm.edit(name, template={"spec": {"containers": [container]}})
    let_go(farm, name)
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert status["attempts"]["succeeded"] == 4


def test_resources_and_labels_touch_no_pixel(farm: ClusterFarm):
    name = half_done(farm)
    resources = {"requests": {"cpu": "1"}}
    container = {"name": "render", "image": "example/none:1", "command": ["render"], "resources": resources}
    farm.edit(name, template={"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}})
    status = farm.reached(name, lambda s: s["observedGeneration"] == 2)
    assert status["frames"]["completed"] == "1-4"
    assert farm.running(name, chunk="2"), "what runs goes on"
    farm.delete(name)


def test_kubectl_scale(farm: ClusterFarm):
    name = farm.submit(frames="1-8", chunks={"size": 2}, kwok={"outcome": "hang"})
    farm.running(name, 1)
    farm.kubectl("scale", f"rj/{name}", "--replicas=3")
    farm.running(name, 3)
    farm.reached(name, lambda s: s["active"] == 3)
    scale = farm.plane.api("GET", f"{farm.url(name)}/scale")
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (3, 3)
    farm.kubectl("scale", f"rj/{name}", "--replicas=0")
    farm.reached(name, lambda s: s["observedGeneration"] == 3)
    assert len(farm.pods(name)) == 3, "fewer at a time stops nothing that runs"
    farm.delete(name)


def test_larger_chunks_for_what_is_left(farm: ClusterFarm):
    name = half_done(farm)
    farm.edit(name, chunks={"size": 4})
    let_go(farm, name)
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert status["frames"]["completed"] == "1-8"
    assert status["totalChunks"] == 2
