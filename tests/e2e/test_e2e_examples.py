"""The examples, applied as they are: real renders on a shared volume, compared with one in one piece."""

from __future__ import annotations

from pathlib import Path

from e2e.cluster import Place, leader
from e2e.one_piece import WHOLE, example, render_in_one_piece
from e2e.volume import digests, fetch
from renderjob.media import frame_hashes


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
