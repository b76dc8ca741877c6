"""The fence of an attempt in a cluster: one more mount, over output.path, and what a verification is told of it."""

from __future__ import annotations

import copy

import pytest

from renderjob.api import RenderJob, RenderJobStatus, Unverified
from renderjob.core import Attempt, Kind, render_digest
from renderjob.executors.kubernetes.manifests import job_manifest
from renderjob.frames import FrameSet
from renderjob.workload import short_hash, unpack

IMAGE = "renderjob:test"
FILES = {"path": "/renders/shot", "file": "####.png", "fenced": True}


def fenced(*mounts: dict, output: dict | None = None, **spec) -> RenderJob:
    container = {"name": "render", "image": "blender", "volumeMounts": list(mounts)}
    template = {"spec": {"containers": [container], "volumes": [{"name": "renders"}]}}
    data = {"frames": "1-240", "template": template, "output": FILES | (output or {})} | spec
    return RenderJob.model_validate(
        {"metadata": {"name": "shot-010", "namespace": "film", "uid": "uid-1"}, "spec": data}
    )


def mount(path: str, **fields) -> dict:
    return {"name": "renders", "mountPath": path, **fields}


def attempt(kind=Kind.RENDER, frames="91-100", **fields) -> Attempt:
    values = {"id": 17, "chunk": 9, "chunks": 24, "number": 2} | fields
    return Attempt(kind=kind, frames=FrameSet.parse(frames), **values)


def own(job: RenderJob) -> str:
    return f".renderjob/{short_hash('uid-1')}-{render_digest(job.spec)[:8]}/17"


def container_of(job: RenderJob, of: Attempt | None = None) -> dict:
    made = job_manifest(job, of or attempt(), IMAGE)
    [container] = made["spec"]["template"]["spec"]["containers"]
    return container


def test_a_directory_of_its_own_is_mounted_over_the_output():
    job = fenced(mount("/renders"), mount("/scenes", name="scenes", readOnly=True))
    mounts = container_of(job)["volumeMounts"]
    assert mounts == [
        mount("/renders"),
        mount("/scenes", name="scenes", readOnly=True),
        mount("/renders/shot", subPath=f"shot/{own(job)}"),
    ]
    env = {e["name"]: e["value"] for e in container_of(job)["env"]}
    assert env["RENDER_OUTPUT"] == "/renders/shot"


def test_the_innermost_mount_counts_and_its_own_place_in_the_volume():
    inner = mount("/renders/", name="inner", subPath="film/", mountPropagation="None")
    job = fenced(mount("/"), inner, mount("/renders/shot-other"))
    assert container_of(job)["volumeMounts"][-1] == {
        **inner,
        "mountPath": "/renders/shot",
        "subPath": f"film/shot/{own(job)}",
    }


def test_an_expression_of_the_users_stays_one_and_ours_is_escaped():
    job = fenced(mount("/renders", subPathExpr="$(RENDER_JOB)"), output={"path": "/renders/$(x)"})
    assert container_of(job)["volumeMounts"][-1] == mount(
        "/renders/$(x)", subPathExpr=f"$(RENDER_JOB)/$$(x)/{own(job)}"
    )


def test_dollars_in_a_plain_path_are_dollars():
    job = fenced(mount("/renders"), output={"path": "/renders/$(x)"})
    assert container_of(job)["volumeMounts"][-1]["subPath"] == f"$(x)/{own(job)}"


@pytest.mark.parametrize("path", ["/renders/shot", "/renders/shot/"])
def test_what_is_mounted_exactly_there_gives_way(path):
    """The API server refuses two mounts at one place."""
    cache = mount("/renders/shot/cache", name="cache")
    job = fenced(mount("/renders", name="film"), mount(path), cache)
    assert container_of(job)["volumeMounts"] == [
        mount("/renders", name="film"),
        cache,
        mount("/renders/shot", subPath=own(job)),
    ]


def test_the_users_manifest_is_not_touched():
    job = fenced(mount("/renders/shot"))
    before = copy.deepcopy(job.spec.template)
    container_of(job)
    assert job.spec.template == before


@pytest.mark.parametrize("mounts", [[], [mount("/scenes")], [mount("/renders/shot-other")]])
def test_an_output_in_no_volume_is_refused_in_words(mounts):
    with pytest.raises(ValueError, match="no volumeMount of the container render covers /renders/shot"):
        container_of(fenced(*mounts))


def test_frames_in_a_volume_of_their_own_below_the_output_are_refused_in_words():
    job = fenced(
        mount("/renders"), mount("/renders/shot/beauty", name="b"), output={"file": "beauty/####.png"}
    )
    with pytest.raises(ValueError, match="can't fence /renders/shot/beauty, a mount of its own"):
        container_of(job)


@pytest.mark.parametrize("said", [None, False])
def test_nobody_is_fenced_who_does_not_ask_for_it(said):
    job = fenced(mount("/renders"), output={"fenced": said})
    assert container_of(job)["volumeMounts"] == [mount("/renders")]
    request = unpack(container_of(job, attempt(Kind.VERIFY))["args"][-1])
    assert "fence" not in request


def test_only_renderers_are_fenced():
    own_merge = {"spec": {"containers": [{"name": "join", "volumeMounts": [mount("/renders")]}]}}
    job = fenced(mount("/renders"), merge={"template": own_merge})
    for kind in (Kind.VERIFY, Kind.MERGE):
        mounts = container_of(job, attempt(kind))["volumeMounts"]
        assert [each for each in mounts if each["mountPath"] != "/tmp"] == [mount("/renders")]


def test_the_pod_in_place_of_an_evicted_one_gets_a_directory_of_its_own():
    """So it is another attempt's: Kubernetes itself would start it in the same one."""
    for job, action in ((fenced(mount("/renders")), "FailJob"), (fenced(output={"fenced": None}), "Ignore")):
        policy = job_manifest(job, attempt(frames="7"), IMAGE)["spec"]["podFailurePolicy"]
        assert policy["rules"][0]["action"] == action


def test_a_fence_is_no_reason_to_render_again():
    plain = fenced(mount("/renders"), output={"fenced": False})
    assert render_digest(plain.spec) == render_digest(fenced(mount("/renders")).spec)


def test_a_verification_is_told_whose_directories_it_may_look_into():
    job = fenced(mount("/renders"))
    looking = attempt(Kind.VERIFY, "1-20", id=31, beside=FrameSet((17, 18, 29)))
    request = unpack(container_of(job, looking)["args"][-1])
    assert request["fence"] == {
        "root": ".renderjob",
        "job": short_hash("uid-1"),
        "digest": render_digest(job.spec)[:8],
        "anyDigest": False,
        "before": 31,
        "beside": "17-18,29",
        "adopt": "",
        "all": "1-240",
    }


def test_frames_that_are_to_be_taken_over_count_where_they_lie():
    groups = [Unverified(frames="1-240", attempts=0), Unverified(frames="300", attempts=1)]
    job = fenced(mount("/renders")).model_copy(update={"status": RenderJobStatus(unverified=groups)})
    looking = attempt(Kind.VERIFY, "1-240", id=1)
    assert unpack(container_of(job, looking)["args"][-1])["fence"]["adopt"] == "1-240"


def test_after_an_edit_that_keeps_what_is_rendered_every_digest_counts():
    job = fenced(mount("/renders"), onEdit="Keep")
    assert unpack(container_of(job, attempt(Kind.VERIFY))["args"][-1])["fence"]["anyDigest"] is True
