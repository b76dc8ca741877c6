"""Which frames are really on disk."""

from __future__ import annotations

import os

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import verify_files, verify_frames
from renderjob.outputs.verify import path_of


@pytest.fixture
def frames():
    return FrameSet.parse


PATTERN = FilePattern("####.png")


def test_frames_are_sorted_into_present_missing_and_too_small(tmp_path, frames):
    for number, size in ((1, 10), (2, 9), (3, 0), (7, 50)):
        (tmp_path / PATTERN.name(number)).write_bytes(b"x" * size)
    found = verify_frames(tmp_path, PATTERN, frames("1-5"), min_bytes=10)
    assert found.present == frames("1")
    assert found.missing == frames("2-5")
    assert found.too_small == frames("2,3")


def test_an_empty_file_is_no_frame_unless_asked_for(tmp_path, frames):
    (tmp_path / "0001.png").touch()
    assert verify_frames(tmp_path, PATTERN, frames("1")).missing == frames("1")
    assert verify_frames(tmp_path, PATTERN, frames("1"), min_bytes=0).present == frames("1")


def test_a_missing_directory_means_every_frame_is_missing(tmp_path, frames):
    found = verify_frames(tmp_path / "none", PATTERN, frames("1-100000"))
    assert found.missing == frames("1-100000")
    assert not found.present


def test_a_directory_or_a_dangling_link_is_no_frame(tmp_path, frames):
    (tmp_path / "0001.png").mkdir()
    (tmp_path / "0002.png").symlink_to(tmp_path / "gone")
    (tmp_path / "0003.png").write_bytes(b"x")
    (tmp_path / "0004.png").symlink_to(tmp_path / "0003.png")
    assert verify_frames(tmp_path, PATTERN, frames("1-4")).present == frames("3,4")


def test_frames_in_a_subdirectory_are_found(tmp_path, frames):
    pattern = FilePattern("beauty/shot_####.exr")
    (tmp_path / "beauty").mkdir()
    (tmp_path / "beauty" / "shot_0003.exr").write_bytes(b"x")
    assert verify_frames(tmp_path, pattern, frames("1-4")).present == frames("3")


def test_no_frames_asked_is_nothing_found(tmp_path):
    found = verify_frames(tmp_path, PATTERN, FrameSet())
    assert not found.present and not found.missing and not found.too_small


def test_only_one_listing_and_no_question_about_absent_frames(tmp_path, frames, monkeypatch):
    (tmp_path / "0001.png").write_bytes(b"x")
    listings = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listings.append(path) or scan(path))
    monkeypatch.setattr(os, "stat", None)
    assert len(verify_frames(tmp_path, PATTERN, frames("1-5000")).missing) == 4999
    assert len(listings) == 1


def test_an_unreadable_place_is_not_taken_for_missing_frames(tmp_path, frames, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError):
        verify_frames(tmp_path, PATTERN, frames("1"))


def test_chunk_files_that_are_missing_or_small_are_named_in_order(tmp_path):
    (tmp_path / "a.mov").write_bytes(b"xx")
    (tmp_path / "b.mov").write_bytes(b"x")
    (tmp_path / "d.mov").mkdir()
    assert verify_files(tmp_path, ["c.mov", "a.mov", "b.mov", "d.mov"], 2) == ["c.mov", "b.mov", "d.mov"]
    assert verify_files(tmp_path / "none", ["a.mov"]) == ["a.mov"]


@pytest.mark.parametrize("name", ["-001.png", "-0001.png"])
def test_a_negative_frame_is_found_by_the_name_that_it_has(tmp_path, name):
    pattern = FilePattern("####.png")
    (tmp_path / name).write_text("x")
    assert path_of(tmp_path, pattern, -1).name == name
    assert path_of(tmp_path, pattern, -2).name == "-0002.png"
    assert path_of(tmp_path, pattern, 1).name == "0001.png"
