"""Jobs that write to the same files are told of each other, by their manifests alone."""

from __future__ import annotations

import pytest

from renderjob.api import RenderJob, State
from renderjob.workload import SharedOutputs, volume_place
from support.jobs import manifest

CLAIM = {"name": "out", "persistentVolumeClaim": {"claimName": "renders"}}


def job(name, *, namespace="film", volume=CLAIM, mount="/out", frames="1-20", state="Running", **fields):
    output = {"path": "/out", "file": "####.png"} | fields.pop("output", {})
    data = manifest(name, frames=frames, output=output, **fields)
    data["metadata"] |= {"namespace": namespace, "uid": name, "generation": 1}
    pod = data["spec"]["template"]["spec"]
    pod["volumes"] = [volume]
    more = fields.pop("more", {})
    pod["containers"][0]["volumeMounts"] = [{"name": volume["name"], "mountPath": mount, **more}]
    made = RenderJob.model_validate(data)
    status = made.status.model_copy(update={"state": State(state)})
    return made.model_copy(update={"status": status})


def told(one, other):
    shared = SharedOutputs(volume_place)
    shared.note(one)
    assert bool(shared.note(other)) == bool(shared.words(other)) == bool(shared.words(one))
    return shared.words(other)


def test_two_jobs_with_one_directory_and_one_name_are_told_of_each_other():
    assert told(job("short"), job("other")) == (
        "film/short writes the same files (####.png): one overwrites what the other has rendered; give each an "
        "output.path, or names, of its own"
    )


@pytest.mark.parametrize(
    ("fields", "shared"),
    [
        ({"output": {"file": "%04d.png"}}, True),
        ({"output": {"file": "####.exr"}}, False),
        ({"output": {"file": "b.####.png"}}, False),
        ({"output": {"path": "/out/b"}}, False),
        ({"output": {"path": "/out/a/.."}}, True),
        ({"output": {"file": "#.png"}}, False),
        ({"frames": "21-40"}, False),
        ({"frames": "20-40"}, True),
        ({"namespace": "other"}, False),
        ({"volume": {"name": "out", "emptyDir": {}}}, False),
        ({"volume": {"name": "out", "persistentVolumeClaim": {"claimName": "b"}}}, False),
        ({"state": "Failed"}, False),
    ],
)
def test_what_differs_keeps_them_apart(fields, shared):
    assert bool(told(job("one"), job("two", **fields))) is shared


def test_the_same_place_by_another_mount_is_the_same_place():
    deeper = job("two", mount="/", output={"path": "/out"})
    assert not told(job("one", mount="/out"), deeper), "there it is a directory of the volume"
    assert told(job("one", mount="/"), deeper)


def test_one_of_several_files_and_the_merged_file_count_too():
    views = job("two", output={"path": "/out", "file": None, "files": ["left/####.png", "right/####.png"]})
    assert "(####.png)" in told(views, job("one", output={"path": "/out/right"}))
    merge = {"ffmpeg": {"file": "v.mp4"}}
    assert told(job("one", merge=merge), job("two", merge=merge, output={"file": "b.####.png"}))


def test_who_is_gone_or_writes_nothing_any_more_is_no_news_for_long():
    shared = SharedOutputs(volume_place)
    one, two = job("one"), job("two")
    shared.note(one)
    assert shared.note(two) == {"one"}
    assert shared.note(two) == set(), "nothing is new"
    assert shared.forget("one") == {"two"}
    assert shared.words(two) == ""
    shared.note(one)
    failed = one.model_copy(update={"status": one.status.model_copy(update={"state": State.FAILED})})
    assert shared.note(failed) == {"two"}
    assert shared.words(two) == ""


def test_of_very_many_a_few_are_named():
    shared = SharedOutputs(volume_place)
    for number in range(200):
        shared.note(job(f"job-{number}"))
    words = shared.words(job("job-7"))
    assert " more write the same files" in words
    assert len(words) < 400
