"""FilePattern: a frame's file name, its inverse, and what is no pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.frames import FilePattern, FilePatternError, FrameSet

PATTERNS = ["####.png", "#.exr", "shot1####.png", "a-####", "beauty/%04d.exr", "%d.png", "100%_@@@.png"]


@pytest.mark.parametrize(
    ("pattern", "frame", "name"),
    [
        ("####.png", 1, "0001.png"),
        ("####.png", 12345, "12345.png"),
        ("####.png", -1, "-0001.png"),  # as Blender 4.5 writes it
        ("####.png", 0, "0000.png"),
        ("#.png", 7, "7.png"),
        ("shot_@@@.png", 7, "shot_007.png"),
        ("beauty/%05d.exr", 7, "beauty/00007.exr"),
        ("%d.png", 7, "7.png"),
        ("./beauty//####.png", 7, "beauty/0007.png"),
        ("100%_####.png", 7, "100%_0007.png"),
        ("100%%_%04d.png", 7, "100%_0007.png"),
        ("100%%_####.png", 7, "100%%_0007.png"),
    ],
)
def test_a_frame_is_written_to(pattern, frame, name):
    assert FilePattern(pattern).name(frame) == name
    assert FilePattern(pattern).match(name) == frame


@given(st.sampled_from(PATTERNS), st.integers(-(2**31), 2**31 - 1) | st.integers(-20, 20_000))
def test_a_file_name_leads_back_to_its_frame(pattern, frame):
    made = FilePattern(pattern)
    assert made.match(made.name(frame)) == frame


@given(st.sampled_from(PATTERNS), st.from_regex(r"-?[0-9]{1,6}", fullmatch=True))
def test_no_two_names_but_those_of_negative_frames_are_the_same_frame(pattern, number):
    made = FilePattern(pattern)
    name = f"{made.prefix}{number}{made.suffix}"
    frame = made.match(name)
    assert frame is None or frame < 0 or made.name(frame) == name


@pytest.mark.parametrize(
    "name",
    [
        *("001.png", "00001.png", "012345.png", "-00001.png", "-01.png", "-000.png", "-0000.png"),
        *("0001.PNG", "0001.png.tmp", "x0001.png", "beauty/0001.png", ".png", "", "1e03.png", "٠٠٠١.png"),
        *("+001.png", "00 1.png", "2147483648.png", "9" * 6000 + ".png"),
    ],
)
def test_another_file_is_no_frame(name):
    assert FilePattern("####.png").match(name) is None


def test_a_negative_frame_is_also_known_by_the_padding_that_counts_the_sign():
    assert FilePattern("####.png").match("-001.png") == -1
    assert FilePattern("####.png").match("-0001.png") == -1


def test_prefix_and_suffix_may_not_share_a_character():
    assert FilePattern("a#a").match("a") is None
    assert FilePattern("1#1").match("11") is None
    assert FilePattern("1#1").match("121") == 2


def test_the_frames_in_a_listing_are_those_whose_files_are_there():
    listing = ["0001.png", "0002.png", "0010.png", "0003.png.tmp", "thumbs.db", "-001.png"]
    assert FilePattern("####.png").frames_in(listing) == FrameSet([-1, 1, 2, 10])


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "empty"),
        ("a\n####.png", "control characters"),
        ("frame.png", "exactly one frame field and has none"),
        ("100%%d.png", "has none"),
        ("##_####.png", "has '##' and '####'"),
        ("a@b_####.png", "has '@' and '####'"),
        ("####_%04d.png", "has '####' and '%04d'"),
        ("%4d.png", "write %04d"),
        ("/renders/####.png", "leaves the output directory"),
        ("../####.png", "leaves the output directory"),
        ("a/../####.png", "leaves the output directory"),
        ("####/", "names a directory"),
        ("####/beauty.png", "in a directory's name"),
    ],
)
def test_what_is_no_pattern_is_refused_with_what_to_write(pattern, said):
    with pytest.raises(FilePatternError, match=said) as refused:
        FilePattern(pattern)
    assert isinstance(refused.value, ValueError)


def test_patterns_are_values():
    assert FilePattern("####.png") == FilePattern("####.png")
    assert len({FilePattern("####.png"), FilePattern("####.png"), FilePattern("#.png")}) == 2
    assert str(FilePattern("####.png")) == "####.png"


@pytest.mark.parametrize("text", ["%0999999999d.png", "%033d.png", "#" * 33 + ".png", "@" * 200])
def test_a_width_that_no_frame_has_is_refused_and_costs_nothing(text):
    with pytest.raises(
        FilePatternError, match=r"pads frame numbers to \d+ digits, and at most 32 are accepted"
    ):
        FilePattern(text)


def test_the_widest_field_is_accepted():
    assert FilePattern("%032d.png").name(7) == "7".zfill(32) + ".png"
