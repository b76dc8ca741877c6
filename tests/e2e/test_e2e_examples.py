"""The examples, applied as they are: real renders on a shared volume, compared with one in one piece."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.cluster import SYSTEM, Place, kubectl, leader
from e2e.volume import ROOT, digests, fetch, run
from harness.waiting import until
from renderjob.api import RenderJob
from renderjob.frames import FrameSet
from renderjob.manifest import load_file
from renderjob.media import frame_hashes
from renderjob.workload import expand, merge_request, pack, render_environment

WHOLE = "/renders/one-piece"


def render_in_one_piece(place: Place, job: RenderJob) -> None:
    """All frames by one renderer beside the volume, joined by the same merge."""
    frames = FrameSet.parse(job.spec.frames)
    told = render_environment(job, frames, chunk=0, chunks=1, attempt=1, output=WHOLE)
    container = job.spec.template.container
    run(place, "python", "-c", f"import os; os.mkdir({WHOLE!r})")
    run(place, *(expand(word, told) for word in (*container.command, *container.args)))


def example(name: str) -> tuple[Path, RenderJob]:
    file = ROOT / "examples" / name / "renderjob.yaml"
    [job] = load_file(file)
    return file, job


@pytest.mark.xdist_group("operator")
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


def test_chunk_videos_are_joined_without_loss(place: Place, tmp_path: Path):
    file, job = example("chunk-videos")
    place.kubectl("apply", "-f", str(file))
    place.wait("chunk-videos", "Complete")

    assert place.status("chunk-videos")["attempts"]["failed"] == 0
    assert leader()
    joined = frame_hashes(fetch(place, "/renders/chunk-videos/joined.mkv", tmp_path / "joined.mkv"))
    render_in_one_piece(place, job)
    [whole] = digests(place, WHOLE)
    assert len(joined) == 120
    assert joined == frame_hashes(fetch(place, f"{WHOLE}/{whole}", tmp_path / "whole.mkv"))


def test_an_example_is_applied_twice_and_differs_from_nothing(place: Place):
    file, _ = example("chunk-videos")
    place.kubectl("apply", "-f", str(file))
    place.until_frames("chunk-videos", 30)
    assert place.kubectl("diff", "-f", str(file)) == ""
    assert "unchanged" in place.kubectl("apply", "-f", str(file))
