"""Progress from inside a chunk: the log of its pod is followed while it runs."""

from __future__ import annotations

from pathlib import Path

from harness import ControlPlane
from support.cluster import cluster_farm
from support.kube import told

HURRY = {"RENDERJOB_LOG_PATIENCE": "0.5"}


def test_progress_moves_while_a_chunk_runs(control_plane: ControlPlane, namespace: str, tmp_path: Path):
    with cluster_farm(control_plane, namespace, tmp_path, environment=HURRY) as farm:
        control_plane.print_log(namespace, "openjd_progress: 25\nopenjd_progress: 50\n")
        name = farm.submit(frames="1-10", chunks={"size": 10}, kwok={"outcome": "hang"})
        # The second line came at once after the first, and nothing after it.
        status = farm.reached(name, lambda s: s["progress"] == 50, "for both lines to be told")
        assert (status["completedFrames"], status["active"]) == (0, 1)
        control_plane.print_log(namespace, "openjd_progress: 80\n")
        farm.reached(name, lambda s: s["progress"] == 80, "for a later line to be told")
        farm.edit(name, cancel=True)
        assert farm.end(name)["state"] == "Cancelled"


def test_before_a_silent_chunk_is_given_up_its_files_are_looked_at(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
):
    """A first look finds that it has written a frame, the next ones find nothing new."""
    with cluster_farm(control_plane, namespace, tmp_path, environment=HURRY) as farm:
        control_plane.print_log(namespace, "It begins, and will say no more.\n")
        name = farm.submit(
            frames="1-4",
            chunks={"size": 4},
            output={"path": "/renders", "file": "####.png"},
            timeouts={"stall": "4s"},
            retries={"perChunk": 0},
            labels=told(written="1", written_before="3", missing="2_3_4", missing_before="1000"),
            kwok={"outcome": "hang"},
        )
        status = farm.reached(name, lambda s: s["progress"] == 25, "for what was written to be told")
        assert (status["completedFrames"], status["attempts"].get("stalled", 0)) == (0, 0)
        status = farm.reached(name, lambda s: s["attempts"].get("stalled", 0) >= 1, "for the end of patience")
        assert "timeouts.stall" in status["failures"][0]["message"]
        farm.edit(name, cancel=True)
        farm.end(name)
