"""What counts of an attempt that has ended, wherever its renderer wrote, and what is moved up of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from renderjob.frames import EMPTY, FilePattern, FrameSet
from renderjob.outputs import Damage, Ended, FileStore

BEGUN = 1_000_000.0
PNG = (FilePattern("####.png"),)
VIEWS = (FilePattern("left/####.png"), FilePattern("right/####.png"))


@pytest.fixture
def store(tmp_path) -> FileStore:
    store = FileStore(tmp_path / "out")
    store.prepare(["left/x", "right/x"])
    return store


@pytest.fixture
def own(store) -> Path:
    own = store.root / "job-digest" / "7"
    store.stage(own, ["left/x", "right/x"])
    return own


def write(place: Path, name: str, at: float = BEGUN + 1, data: str = "x") -> None:
    (place / name).write_text(data)
    os.utime(place / name, (at, at))


def ended(frames: str, **fields: Any) -> Ended:
    return Ended(FrameSet.parse(frames), **{"since": BEGUN, "died": False, "patterns": PNG, **fields})


def test_a_directory_is_staged_empty_whatever_was_there(store, own):
    write(own, "0001.png")
    store.stage(own, ["left/x"])
    assert [each.name for each in own.iterdir()] == ["left"]


def test_of_a_success_what_is_in_its_own_directory_counts_or_else_what_it_wrote_beside_the_frames(store, own):
    write(store.directory, "0001.png")
    write(store.directory, "0002.png")
    assert store.verify_ended(ended("1-2", own=own)).missing == EMPTY
    write(own, "0001.png")
    assert str(store.verify_ended(ended("1-2", own=own)).missing) == "2", "a file of before is not its work"


def test_of_an_attempt_that_died_the_last_file_counts_only_when_its_log_says_so(store, own):
    for frame in (1, 2, 3):
        write(own, f"000{frame}.png", BEGUN + frame)
    assert str(store.verify_ended(ended("1-4", own=own, died=True)).missing) == "3-4"
    finished = FrameSet.parse("3")
    assert str(store.verify_ended(ended("1-4", own=own, died=True, finished=finished)).missing) == "4"


def test_of_an_attempt_that_died_older_files_beside_the_frames_are_not_its_work(store):
    write(store.directory, "0001.png", BEGUN - 10)
    write(store.directory, "0002.png", BEGUN + 1)
    write(store.directory, "0003.png", BEGUN + 2)
    assert str(store.verify_ended(ended("1-3", died=True)).missing) == "1,3"


def test_a_frame_counts_when_all_its_files_are_there(store, own):
    for name in ("left/0001.png", "right/0001.png", "left/0002.png"):
        write(own, name)
    found = store.verify_ended(ended("1-2", own=own, patterns=VIEWS))
    assert str(found.missing) == "2"
    assert "right/0002.png" in found.why


def test_what_is_damaged_or_could_not_be_saved_does_not_count(store, own):
    for frame in (1, 2, 3):
        write(own, f"000{frame}.png")

    def check(_place, names):
        return Damage([name for name in names if name == "0001.png"], ["0001.png cannot be read"])

    found = store.verify_ended(ended("1-3", own=own, check=check, unsaved=FrameSet.parse("3")))
    assert str(found.missing) == "1,3"
    assert "0001.png cannot be read" in found.why


def test_one_file_of_all_frames_counts_whole_or_not(store, own):
    movie = {"own": own, "patterns": (), "file": "part.mkv"}
    assert str(store.verify_ended(ended("1-3", **movie)).missing) == "1-3"
    assert store.verify_ended(ended("1-3", **movie, died=True)).missing is None, "the log has to tell"
    write(own, "part.mkv")
    assert store.verify_ended(ended("1-3", **movie)).missing == EMPTY
    assert store.publish_ended(ended("1-3", **movie), FrameSet.parse("1-3")) == (EMPTY, "")
    assert (store.directory / "part.mkv").exists()


def test_frames_that_count_are_moved_up_and_the_others_replace_none(store, own):
    write(store.directory, "0002.png", data="good")
    for frame in (1, 2):
        write(own, f"000{frame}.png", data="new")
    write(own, "notes.txt")
    store.publish_ended(ended("1-2", own=own, asked=FrameSet.parse("1-2")), FrameSet.parse("1"))
    assert (store.directory / "0001.png").read_text() == "new"
    assert (store.directory / "0002.png").read_text() == "good"
    assert (store.directory / "notes.txt").exists()
