"""Cancel, suspend, resume and retry, by an edit of the spec, at every moment of a job's life."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.waiting import until
from support.cluster import ClusterFarm

HANG = {"outcome": "hang"}
"""Runs until somebody ends it."""


def just_created(farm: ClusterFarm) -> str:
    return farm.submit(frames="1-4", chunks={"size": 2}, kwok=HANG)


def with_its_first_status(farm: ClusterFarm) -> str:
    name = just_created(farm)
    farm.reached(name, lambda s: s["state"])
    return name


def while_it_runs(farm: ClusterFarm) -> str:
    name = just_created(farm)
    farm.running(name)
    return name


def while_it_waits_to_retry(farm: ClusterFarm) -> str:
    retries = {"backoff": {"initial": "1h", "max": "1h"}}
    name = farm.submit(frames="1-4", retries=retries, kwok={"outcome": "fail"})
    farm.reached(name, lambda s: s["retrying"])
    return name


def while_its_image_is_missing(farm: ClusterFarm) -> str:
    name = farm.submit(kwok={"outcome": "image-pull"})
    farm.reached(name, lambda s: "ImagePullBackOff" in s["conditions"][0]["message"])
    return name


def while_it_verifies(farm: ClusterFarm) -> str:
    labels = {"kwok.renderjob.dev/outcome": "hang", "kwok.renderjob.dev/only-kinds": "verify"}
    name = farm.submit(output={"path": "/o", "file": "#.png"}, labels=labels)
    farm.running(name, kind="verify")
    return name


def while_it_merges(farm: ClusterFarm) -> str:
    pod = {"spec": {"containers": [{"name": "join", "image": "example/none:1"}]}}
    pod["metadata"] = {"annotations": {"kwok.renderjob.dev/outcome": "hang"}}
    name = farm.submit(merge={"template": pod})
    farm.running(name, kind="merge")
    return name


MOMENTS = [
    just_created,
    with_its_first_status,
    while_it_runs,
    while_it_waits_to_retry,
    while_its_image_is_missing,
    while_it_verifies,
    while_it_merges,
]

at_every_moment = pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)


def nothing_runs(farm: ClusterFarm, name: str) -> None:
    until(lambda: not farm.jobs(name) and not farm.pods(name), f"for {name} to have no Jobs and no pods")


@at_every_moment
def test_cancel(farm: ClusterFarm, moment: Callable[[ClusterFarm], str]):
    name = moment(farm)
    farm.edit(name, cancel=True)
    status = farm.reached(name, lambda s: s["state"] == "Cancelled", "for the cancel")
    assert (status["active"], status["inFlight"]) == (0, [])
    assert status["attempts"]["failed"] == (1 if moment is while_it_waits_to_retry else 0)
    if moment is not while_it_waits_to_retry:
        nothing_runs(farm, name)


@at_every_moment
def test_suspend_and_resume(farm: ClusterFarm, moment: Callable[[ClusterFarm], str]):
    name = moment(farm)
    farm.edit(name, suspend=True)
    status = farm.reached(name, lambda s: s["state"] == "Suspended", "for the suspend")
    suspended = next(c for c in status["conditions"] if c["type"] == "Suspended")
    assert suspended["status"] == "True"
    if moment is not while_it_waits_to_retry:
        nothing_runs(farm, name)
    succeed = {"metadata": {"annotations": {"kwok.renderjob.dev/outcome": "succeed"}}}
    edit: dict = {"suspend": False, "template": succeed}
    if moment is while_it_merges:
        edit["merge"] = {"template": succeed}
    farm.patch(name, {"metadata": {"labels": {"kwok.renderjob.dev/outcome": None}}, "spec": edit})
    if moment is while_it_waits_to_retry:
        farm.edit(name, retry=1)
    status = farm.end(name)
    assert (status["state"], status["progress"]) == ("Completed", 100)


def test_a_suspended_job_can_be_cancelled_and_a_cancelled_one_goes_on(farm: ClusterFarm):
    name = farm.submit(frames="1-4", chunks={"size": 2}, kwok={"outcome": "hang", "only_chunks": "1"})
    farm.reached(name, lambda s: s["completedFrames"] == 2)
    farm.edit(name, suspend=True)
    farm.reached(name, lambda s: s["state"] == "Suspended")
    farm.edit(name, cancel=True)
    status = farm.end(name)
    assert (status["state"], status["frames"]["completed"]) == ("Cancelled", "1-2")
    assert "2 of 4 frames are rendered and kept" in status["conditions"][0]["message"]
    told = {"metadata": {"annotations": {"kwok.renderjob.dev/outcome": "succeed"}}}
    farm.edit(name, cancel=False, suspend=False, template=told)
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert status["attempts"]["succeeded"] == 2, "what was rendered was kept"


def test_cancel_of_what_is_complete_changes_nothing(farm: ClusterFarm):
    name = farm.submit()
    farm.end(name)
    farm.edit(name, cancel=True)
    status = farm.reached(name, lambda s: s["observedGeneration"] == 2)
    assert status["state"] == "Completed"


def test_a_failed_job_is_retried(farm: ClusterFarm):
    kwok = {"outcome": "fail", "only_chunks": "1"}
    name = farm.submit(
        frames="1-4", chunks={"size": 2}, retries={"perChunk": 0, "onFailure": "Stop"}, kwok=kwok
    )
    assert farm.end(name)["state"] == "Failed"
    told = {"metadata": {"annotations": {"kwok.renderjob.dev/outcome": "succeed"}}}
    farm.edit(name, retry=1, template=told)
    status = farm.reached(name, lambda s: s["state"] == "Completed")
    assert status["attempts"]["succeeded"] == 2, "only what failed ran again"
    assert status["observedRetry"] == 1


def test_a_job_that_is_born_suspended_starts_nothing_until_it_may(farm: ClusterFarm):
    name = farm.submit(suspend=True)
    farm.reached(name, lambda s: s["state"] == "Suspended")
    assert farm.jobs(name) == []
    farm.edit(name, suspend=False)
    assert farm.end(name)["state"] == "Completed"


def test_suspend_and_resume_in_one_breath_leave_one_pod_at_a_time(farm: ClusterFarm):
    name = farm.submit(frames="1-2", kwok={"outcome": "hang", "grace": "2s"})
    farm.running(name)
    farm.edit(name, suspend=True)
    farm.reached(name, lambda s: "stop=Suspend" in "".join(s["inFlight"]))
    farm.edit(name, suspend=False)
    seen: set[str] = set()

    def another() -> bool:
        pods = farm.pods(name)
        seen.update(pod["metadata"]["uid"] for pod in pods)
        assert sum(pod["status"].get("phase") == "Running" for pod in pods) <= 1
        return len(seen) == 2

    until(another, "for another pod")
    farm.delete(name)
