"""Progress from inside a chunk: the log of its pod is followed while it runs."""

from __future__ import annotations

from pathlib import Path

from harness import ControlPlane
from support.cluster import cluster_farm

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
