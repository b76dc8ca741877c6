"""A look at what is rendered so far: sheets, and small videos in which frames stand in for those between."""

from __future__ import annotations

from fractions import Fraction

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import MergeError, Preview, count_frames, frame_hashes, probe_video, run_ffmpeg

SHOT = FrameSet.parse("1-24")


@pytest.fixture
def frames(tmp_path):
    """Writes pictures, each of another grey."""

    def write(which: str, size: str = "64x36"):
        for frame in FrameSet.parse(which):
            colour = f"color=c=0x{frame * 8:02x}0000:s={size}"
            picture = str(tmp_path / f"{frame:04d}.png")
            run_ffmpeg(["-f", "lavfi", "-i", colour, "-frames:v", "1", "-update", "1", picture])
        return tmp_path

    return write


def preview(directory, wanted, **fields):
    return Preview(directory, FilePattern("####.png"), FrameSet.parse(wanted), SHOT, **fields)


def test_a_held_frame_lasts_until_the_next_ones_time(frames, tmp_path):
    target = tmp_path / "film.mkv"
    words = preview(frames("1,9,21"), "1,9,21", rate="12").make(target)
    assert words == "3 frames, held for those between: 2.0s at 12 a second, as long as the shot"
    assert probe_video(target).average_rate == Fraction(12)
    shown = list(frame_hashes(target))
    assert len(shown) == len(SHOT)
    changes = [1 + i for i in range(24) if i == 0 or shown[i] != shown[i - 1]]
    assert changes == [1, 9, 21]


def test_frames_that_are_not_there_yet_are_held_over(frames, tmp_path):
    target = tmp_path / "film.mp4"
    preview(frames("9"), "1,9,21").make(target)
    assert count_frames(target) == 24


def test_with_a_rate_of_its_own_each_frame_is_shown_once(frames, tmp_path):
    target = tmp_path / "film.mp4"
    words = preview(frames("1,9,21"), "1,9,21", rate="2", hold=False).make(target)
    assert words == "3 frames, 1.5s at 2 a second"
    assert count_frames(target) == 3


@pytest.mark.parametrize(
    ("size", "shown"), [("1920x1080", (960, 540)), ("1001x333", (960, 320)), ("64x36", (64, 36))]
)
def test_a_video_is_small_and_never_larger_than_the_frames(frames, tmp_path, size, shown):
    target = tmp_path / "film.webm"
    preview(frames("1-2", size), "1-2", hold=False).make(target)
    stream = probe_video(target)
    assert (stream.width, stream.height) == shown


def test_what_can_t_be_made_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(MergeError, match=r"ends in .png.*\(a contact sheet\).*\(a video\); found 'film.gif'"):
        preview(tmp_path, "1").check(["sheet.png", "film.gif"])
    with pytest.raises(MergeError, match="frame rate"):
        preview(tmp_path, "1", rate="fast").check(["film.mp4"])


def test_none_of_the_frames_is_there(tmp_path):
    with pytest.raises(MergeError, match="none of 2 frames is in"):
        preview(tmp_path, "1,3").make(tmp_path / "sheet.png")
