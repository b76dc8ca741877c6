"""What a worker is told."""

from __future__ import annotations

import pytest

from renderjob.api import RenderJob
from renderjob.frames import FrameSet
from renderjob.workload import chunk_file, expand, render_environment, workload_of
from support.jobs import job

# The cases of Kubernetes' own expansion (container environment and arguments).
VARIABLES = {"A": "1", "B_2": "two words", "EMPTY": "", "REF": "$(A)"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$(A)", "1"),
        ("x$(A)y$(B_2)z", "x1ytwo wordsz"),
        ("$(EMPTY)", ""),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$A", "$A"),
        ("${A}", "${A}"),
        ("$", "$"),
        ("$$", "$"),
        ("a$", "a$"),
        ("$(A", "$(A"),
        ("$(A$(A)", "$(A$(A)"),
        ("$()", "$()"),
        ("$(REF)", "$(A)"),
        ("$( A )", "$( A )"),
    ],
)
def test_references_are_replaced_as_kubernetes_does(text, expected):
    assert expand(text, VARIABLES) == expected


def test_the_variables_of_a_stepped_chunk():
    frames = FrameSet.parse("11-19x2")
    told = render_environment(job("shot"), frames, chunk=1, chunks=4, attempt=2, output="/out")
    assert told["RENDER_START"] == "11"
    assert told["RENDER_END"] == "19"
    assert told["RENDER_STEP"] == "2"
    assert told["RENDER_FRAMES"] == "11-19x2"
    assert told["RENDER_FRAME_COUNT"] == "5"
    assert told["RENDER_CHUNK"] == "1"
    assert told["RENDER_CHUNKS"] == "4"
    assert told["RENDER_ATTEMPT"] == "2"
    assert told["RENDER_OUTPUT"] == "/out"
    assert told["RENDER_JOB"] == "shot"


def test_two_frames_on_twos_are_told_with_their_step():
    told = render_environment(job(), FrameSet((1, 3)), chunk=0, chunks=1, attempt=1, output="")
    assert (told["RENDER_START"], told["RENDER_END"], told["RENDER_STEP"]) == ("1", "3", "2")


def told(manifest_job: RenderJob, frames: str = "1-10", chunk: int | None = 0):
    return workload_of(manifest_job, FrameSet.parse(frames), chunk=chunk, chunks=2, attempt=1, output="/out")


def test_command_and_args_are_expanded_and_the_environment_in_its_order():
    container = {
        "name": "render",
        "command": ["blender", "-s", "$(RENDER_START)"],
        "args": ["$(SCENE)", "$$(SCENE)"],
        "env": [
            {"name": "ROOT", "value": "/scenes"},
            {"name": "SCENE", "value": "$(ROOT)/$(RENDER_JOB).blend"},
            {"name": "EARLY", "value": "$(LATE)"},
            {"name": "LATE", "value": "x"},
        ],
    }
    work = told(job(template={"spec": {"containers": [container]}}))
    assert work.argv == ("blender", "-s", "1", "/scenes/shot.blend", "$(SCENE)")
    assert work.environment["EARLY"] == "$(LATE)"


def test_the_container_named_render_renders():
    containers = [{"name": "sidecar", "command": ["no"]}, {"name": "render", "command": ["yes"]}]
    assert told(job(template={"spec": {"containers": containers}})).argv == ("yes",)


def test_a_listed_chunk_brings_its_own_command():
    listed = job(
        command=["default"],
        chunks={
            "explicit": [
                {"frames": "1-5", "command": ["own", "$(RENDER_FRAME_COUNT)"], "output": "a.mov"},
                {"frames": "6-10"},
            ]
        },
        output={"path": "/o"},
    )
    assert told(listed, "1-5", 0).argv == ("own", "5")
    assert told(listed, "6-10", 1).argv == ("default",)
    assert chunk_file(listed, FrameSet.parse("1-5"), chunk=0, chunks=2) == "a.mov"
    assert chunk_file(listed, FrameSet.parse("6-10"), chunk=1, chunks=2) is None


def test_a_chunks_file_is_named_by_its_variables():
    named = job(output={"path": "/o", "chunkFile": "part-$(RENDER_CHUNK)-$(RENDER_START).mkv"})
    assert chunk_file(named, FrameSet.parse("11-20"), chunk=1, chunks=2) == "part-1-11.mkv"


def test_a_merge_of_ones_own_sees_all_frames():
    merge = {"template": {"spec": {"containers": [{"name": "m", "command": ["join", "$(RENDER_FRAMES)"]}]}}}
    assert told(job(merge=merge), "1-3,5", None).argv == ("join", "1-3,5")
