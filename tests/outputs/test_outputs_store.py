"""What whoever needs frames asks of the place where they lie; each store is held to this."""

from __future__ import annotations

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import Asked, Damage, Fence, OutputStore, RunningAttempt, open_store

PATTERN = FilePattern("####.png")


@pytest.fixture
def store(tmp_path) -> OutputStore:
    for frame in (1, 2):
        (tmp_path / PATTERN.name(frame)).write_bytes(b"frame")
    (tmp_path / PATTERN.name(4)).touch()
    return open_store(tmp_path)


def test_it_says_which_frames_are_there_and_what_is_wanting(store):
    found = store.verify(Asked(FrameSet.parse("1-4"), patterns=(PATTERN,)))
    assert (str(found.present), str(found.missing)) == ("1-2", "3-4")
    assert "wanted 0003.png" in found.why
    assert store.present(PATTERN, FrameSet.parse("1-4")).present == found.present


def test_what_a_check_finds_damaged_is_missing(store):
    def check(_place, names):
        return Damage([name for name in names if name == "0002.png"], ["0002.png is half a frame"])

    found = store.verify(Asked(FrameSet.parse("1-2"), patterns=(PATTERN,), check=check))
    assert (str(found.present), found.why) == ("1", "0002.png is half a frame")


def test_what_an_attempt_left_is_published_and_then_it_is_there(store, tmp_path):
    own = tmp_path / ".renderjob" / "job-now" / "1"
    own.mkdir(parents=True)
    (own / PATTERN.name(3)).write_bytes(b"rendered")
    running = [RunningAttempt(1, FrameSet.parse("1-9"), 0.0, own)]
    [written] = store.written([PATTERN], running)
    assert written.frames == 3
    asked = Asked(FrameSet.parse("3"), patterns=(PATTERN,))
    fence = Fence(".renderjob", "job", "now", any_digest=False, before=2, beside=FrameSet())
    assert str(store.publish(asked, fence).present) == "3"
    assert store.file(PATTERN, 3).read_bytes() == b"rendered"


def test_a_place_that_nobody_knows_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match=r"s3://frames: known places are a directory"):
        open_store("s3://frames")
