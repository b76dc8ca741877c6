"""What the API server refuses, and in which words: every CEL rule and every bound of the CRD."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness import ControlPlane
from harness.api import ApiError
from renderjob.api.base import CEL
from renderjob.crd import crd
from support.bounds import Breach, Schema, breaches
from support.jobs import manifest

SCHEMA = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
PATH = {"path": "/out"}
FILES = {"path": "/out", "file": "####.png"}
POD = {"spec": {"containers": [{"name": "merge"}]}}


def merge(file: str, codec: str | None = None, **more: Any) -> dict[str, Any]:
    named = more if codec is None else {"codec": codec, **more}
    return {"output": FILES, "merge": {"ffmpeg": {"file": file, **named}}}


def chunk_file(file: str) -> dict[str, Any]:
    return {"output": {**PATH, "chunkFile": file}}


SWITCHED = (
    "fenced can't be switched, since frames lie elsewhere with it: delete the RenderJob (what is rendered stays) "
    "and submit it again with adopt"
)

# A rule's message, and specs that break this rule and no other.
RULES: dict[str, list[dict[str, Any]]] = {
    "set only one of size, targetDuration and explicit": [
        {"chunks": {"size": 5, "targetDuration": "5m"}},
        {"chunks": {"size": 5, "explicit": [{"frames": "1-10"}]}},
        {"chunks": {"targetDuration": "5m", "explicit": [{"frames": "1-10"}]}},
    ],
    "targetDuration must be more than 0s": [{"chunks": {"targetDuration": "0m0s"}}],
    "set only one of file, files and chunkFile": [
        {"output": {**FILES, "chunkFile": "$(RENDER_START).mkv"}},
        {"output": {**FILES, "files": ["left/####.exr"]}},
    ],
    "files must be files below path, each with one field for the frame's number, such as left/####.exr": [
        {"output": {**PATH, "files": ["left/####.exr", "right.exr"]}},
        {"output": {**PATH, "files": ["/left/####.exr"]}},
    ],
    "chunks.order Sequential renders no frame before those that it needs: leave out preview, or set another order": [
        {"chunks": {"order": "Sequential"}, "preview": {"frames": "Ends"}}
    ],
    "file must be a file below path with one field for the frame's number, such as ####.png": [
        {"output": {**PATH, "file": "frame.png"}},
        {"output": {**PATH, "file": "/tmp/####.png"}},
    ],
    "chunkFile must differ from chunk to chunk: name $(RENDER_START), $(RENDER_END), $(RENDER_FRAMES) "
    "or $(RENDER_CHUNK) in it": [chunk_file("part.mkv"), chunk_file("$(RENDER_JOB).mkv")],
    "chunkFile must be a file below path: relative, without '..'": [
        chunk_file("/$(RENDER_START).mkv"),
        chunk_file("../$(RENDER_START).mkv"),
        chunk_file("a/../$(RENDER_START).mkv"),
    ],
    "file must be a file below output.path: relative, without '..'": [
        merge("/shot.mp4"),
        merge("../shot.mp4"),
        merge("a/../shot.mp4"),
    ],
    "codec copy goes into a file that ends in one of .mp4, .m4v, .mov, .mkv, .avi, .webm, .ts, .mxf, .nut": [
        merge("shot.gif", "copy")
    ],
    "codec h264 goes into a file that ends in one of .mp4, .m4v, .mov, .mkv, .ts, .avi": [
        merge("shot.webm", "h264"),
        merge("shot"),
    ],
    "codec h265 goes into a file that ends in one of .mp4, .m4v, .mov, .mkv, .ts": [
        merge("shot.avi", "h265")
    ],
    "codec vp9 goes into a file that ends in one of .webm, .mkv, .mp4": [merge("shot.mov", "vp9")],
    "codec prores goes into a file that ends in one of .mov, .mkv, .mxf": [merge("shot.mp4", "prores")],
    "codec ffv1 goes into a file that ends in one of .mkv, .avi, .mov, .nut": [merge("shot.mp4", "ffv1")],
    "args are options of the video that is written, which has each frame once: no other input, file, frame rate, "
    "time or number of frames": [
        merge("shot.mp4", args=["-crf", "18", "-i", "b.mov"]),
        merge("shot.mp4", args=["-y"]),
        merge("shot.mp4", args=["-frames:v", "3"]),
    ],
    "args are options of ffmpeg and their values, such as -crf, '18'": [
        merge("shot.mp4", args=["second.mp4"])
    ],
    "codec copy encodes nothing: leave -vf, -pix_fmt and -crf out, or set another codec": [
        merge("shot.mp4", "copy", args=["-vf", "hflip"])
    ],
    "set exactly one of ffmpeg and template": [
        {"merge": {}},
        {"output": FILES, "merge": {"ffmpeg": {"file": "shot.mp4"}, "template": POD}},
    ],
    "set exitCodes, log or both": [{"retries": {"rules": [{"action": "Retry"}]}}],
    "start must be more than 0s; leave it out for 30m, or write as much as 3650d": [
        {"timeouts": {"start": "0s"}}
    ],
    "chunk must be more than 0s; leave it out for no limit": [{"timeouts": {"chunk": "0s"}}],
    "stall must be more than 0s; leave it out for no limit": [{"timeouts": {"stall": "0"}}],
    "job must be more than 0s; leave it out for no limit": [{"timeouts": {"job": "0h0m"}}],
    "merge.ffmpeg needs output.path: say where the frames lie": [{"merge": {"ffmpeg": {"file": "shot.mp4"}}}],
    "merge.ffmpeg needs to know what to join: set output.file (an image sequence), output.chunkFile, or "
    "chunks.explicit with an output each": [{"output": PATH, "merge": {"ffmpeg": {"file": "shot.mp4"}}}],
    "output.fenced needs to know which files are frames: set output.file, output.chunkFile, or chunks.explicit "
    "with an output each": [{"output": {**PATH, "fenced": True}}],
    "output.chunkFile needs chunks of one size, since a file is found by its chunk: set chunks.size instead of "
    "chunks.targetDuration": [{**chunk_file("$(RENDER_START).mkv"), "chunks": {"targetDuration": "5m"}}],
    # Those that one manifest alone does not break have tests of their own.
    "metadata.name must be at most 63 characters: it becomes a label of every pod": [],
    SWITCHED: [],
}

ACCEPTED: list[dict[str, Any]] = [
    {},
    {"chunks": {"targetDuration": "5m"}},
    {"chunks": {"explicit": [{"frames": "1-10", "command": ["a"], "output": "a.mov"}]}},
    {"output": {**PATH, "file": "shot.%04d.exr"}},
    {"output": {**FILES, "fenced": True}},
    {"output": {**PATH, "fenced": False}},
    {
        "output": {**PATH, "fenced": True},
        "chunks": {"explicit": [{"frames": "1-10", "output": "a.mov"}]},
    },
    chunk_file("a..b/$(RENDER_START).mkv"),
    merge("SHOT.MP4"),
    merge("shot.webm", "vp9"),
    merge("shot.mov", "prores", args=["-vf", "scale=640:-2", "-profile:v", "4"], layer="ViewLayer.Combined"),
    {"merge": {"template": POD}},
    {
        "output": {**PATH, "chunkFile": "$(RENDER_CHUNK).mkv"},
        "merge": {"ffmpeg": {"file": "shot.mkv", "codec": "copy"}},
    },
    {
        "output": PATH,
        "chunks": {"explicit": [{"frames": "1-10", "output": "a.mov"}]},
        "merge": {"ffmpeg": {"file": "a.mov"}},
    },
    {
        "retries": {
            "rules": [{"exitCodes": [33, "64-78"], "action": "FailJob"}],
            "memory": {"max": 1073741824},
        }
    },
    {"timeouts": {"chunk": "1h30m", "stall": "10s", "job": "2d", "minimum": "0s", "start": "3650d"}},
    {"tolerate": {"failedFrames": "100%"}},
    {"tolerate": {"failedFrames": 7}},
    {"preview": {"frames": "1,120,240", "approval": "Required"}},
    {"preview": {"frames": "Stride"}},
]


def rules(schema: Schema) -> Iterator[str]:
    """The messages of all rules below a schema."""
    yield from (rule["message"] for rule in schema.get(CEL, ()))
    for inner in (*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])):
        yield from rules(inner)


def refusal(plane: ControlPlane, resource: dict[str, Any]) -> str:
    """What the API server says to a manifest; empty when it would take it."""
    path = "/apis/renderjob.dev/v1alpha1/namespaces/default/renderjobs?dryRun=All&fieldValidation=Strict"
    try:
        plane.api("POST", path, resource)
    except ApiError as error:
        assert error.code in (400, 422), error
        return str(error)
    return ""


def test_every_rule_has_a_case():
    assert set(RULES) == set(rules(SCHEMA))


@pytest.mark.parametrize(
    ("message", "spec"),
    [pytest.param(m, spec, id=f"{m[:50]}-{n}") for m, specs in RULES.items() for n, spec in enumerate(specs)],
)
def test_a_rule_says_what_is_wrong(control_plane: ControlPlane, message: str, spec: dict[str, Any]):
    said = refusal(control_plane, manifest(**spec))
    assert f": {message}" in said
    assert not [other for other in RULES if other != message and f": {other}" in said]


def test_a_name_must_be_short_enough_for_a_label(control_plane: ControlPlane):
    message = "metadata.name must be at most 63 characters: it becomes a label of every pod"
    assert message in refusal(control_plane, manifest("a" * 64))
    assert refusal(control_plane, manifest("a" * 63)) == ""


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [(None, True, True), (True, False, True), (True, None, True), (None, False, False), (True, True, False)],
)
def test_fences_stay_as_they_are(control_plane: ControlPlane, before, after, refused):
    path = "/apis/renderjob.dev/v1alpha1/namespaces/default/renderjobs"
    name = f"fenced-{before}-{after}".lower()
    body = manifest(name, output=FILES if before is None else {**FILES, "fenced": before})
    control_plane.api("POST", path, body)
    patch = {"spec": {"frames": "1-20", "output": {"fenced": after}}}
    try:
        control_plane.api("PATCH", f"{path}/{name}", patch, "application/merge-patch+json")
        said = ""
    except ApiError as error:
        said = str(error)
    finally:
        control_plane.api("DELETE", f"{path}/{name}")
    assert (SWITCHED in said) is refused, said


@pytest.mark.parametrize("spec", ACCEPTED, ids=str)
def test_what_breaks_no_rule_is_taken(control_plane: ControlPlane, spec: dict[str, Any]):
    assert refusal(control_plane, manifest(**spec)) == ""


@pytest.mark.parametrize(
    "breach", list(breaches(SCHEMA, manifest(), "spec")), ids=lambda breach: f"{breach.path}-{breach.bound}"
)
def test_a_bound_says_which_field_is_wrong(control_plane: ControlPlane, breach: Breach):
    said = refusal(control_plane, breach.manifest)
    assert breach.path in said
    assert breach.phrase in said


def test_an_unknown_field_is_named(control_plane: ControlPlane):
    said = refusal(control_plane, manifest(chunks={"sise": 5}))
    assert 'unknown field "spec.chunks.sise"' in said
