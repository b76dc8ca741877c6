"""A RenderJob that is made from another's frames, in a cluster: by the operator's own news, without a request."""

from __future__ import annotations

from support.cluster import ClusterFarm
from support.kube import told


def test_frames_are_taken_up_as_the_other_job_renders_them(farm: ClusterFarm):
    comp = farm.submit(
        "comp", frames="1-3", chunks={"size": 1}, parallelism=3, dependsOn=[{"name": "render"}]
    )
    status = farm.reached(comp, lambda s: s["conditions"][0]["reason"] == "WaitingForFrames")
    assert status["error"] == "there is no RenderJob render in this namespace yet (spec.dependsOn)"

    labels = told(run="2s")
    farm.submit("render", frames="1-3", chunks={"size": 1}, parallelism=1, labels=labels)
    early = farm.reached(comp, lambda s: s["completedFrames"] in (1, 2))
    assert early["state"] == "Running"
    assert farm.end(comp)["state"] == "Completed"
