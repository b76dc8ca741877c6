"""Image sequences into one video."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import (
    BadInputsError,
    MediaError,
    MergeAnswer,
    MergeError,
    frame_hashes,
    merge_sequence,
    probe_video,
)
from renderjob.media.errors import PassingError
from support.pictures import exr, png

PATTERN = FilePattern("####.png")
AWKWARD = [
    "it's",
    "two  words ",
    "100%d %03d",
    "back\\slash",
    "new\nline",
    "grün 日本",
    "[a]{b}*?",
    "-x:y,z;#",
]


def hashes(directory, pattern, numbers):
    """What the pictures themselves decode to, in the pixel format that FFV1 keeps them in."""
    out = []
    for number in numbers:
        out += frame_hashes(directory / pattern.name(number))
    return out


def merge(directory, frames, target="out.mkv", pattern=PATTERN, **options):
    options = {"codec": "ffv1", "extra_args": ("-pix_fmt", "bgr0"), **options}
    return merge_sequence(directory, pattern, frames, directory / target, **options)


@pytest.fixture
def reference(tmp_path_factory, picture_files, frames):
    """The frames 1-8 as one video, and each frame's hash."""
    directory = tmp_path_factory.mktemp("reference")
    picture_files(directory, PATTERN, range(1, 9))
    merge(directory, frames("1-8"))
    return dict(zip(range(1, 9), frame_hashes(directory / "out.mkv"), strict=True))


def test_every_frame_is_in_the_video_once_and_in_order(tmp_path, picture_files, frames, reference):
    picture_files(tmp_path, PATTERN, range(1, 9))
    result = merge(tmp_path, frames("1-8"), fps="24000/1001")
    assert (result.path, result.frames) == (tmp_path / "out.mkv", 8)
    assert result.seconds == pytest.approx(8 * 1001 / 24000)
    assert frame_hashes(result.path) == list(reference.values())
    assert len(set(reference.values())) == 8
    assert probe_video(result.path).average_rate == Fraction(24000, 1001)


@pytest.mark.parametrize("name", AWKWARD)
def test_no_name_is_read_as_something_else(tmp_path, picture_files, frames, reference, name):
    directory = tmp_path / name
    # A pattern has one frame field and no newline; its directory and the result may have any name.
    pattern = FilePattern(re.sub(r"[#\n]|%\d*d", "", name) + "_####.png")
    picture_files(directory, pattern, range(1, 4))
    result = merge(directory, frames("1-3"), f"{name}.mkv", pattern)
    assert frame_hashes(result.path) == [reference[1], reference[2], reference[3]]
    assert sorted(path.suffix for path in directory.iterdir()) == [".mkv", ".png", ".png", ".png"]


def test_stepped_frames_and_gaps_play_one_after_another(tmp_path, picture_files, frames, reference):
    picture_files(tmp_path, PATTERN, range(1, 9))
    result = merge(tmp_path, frames("1-5x2,8"))
    assert frame_hashes(result.path) == [reference[number] for number in (1, 3, 5, 8)]


def test_a_tolerated_hole_holds_the_frame_before_it(tmp_path, picture_files, frames, reference):
    picture_files(tmp_path, PATTERN, (3, 4, 6, 8))
    result = merge(tmp_path, frames("1-8"), failed=frames("1,2,5,7"))
    assert frame_hashes(result.path) == [reference[number] for number in (3, 3, 3, 4, 4, 6, 6, 8)]


def test_what_lies_in_a_failed_frames_place_is_not_used(tmp_path, picture_files, frames, reference):
    picture_files(tmp_path, PATTERN, (1, 3))
    (tmp_path / "0002.png").write_bytes(b"half a pict")
    result = merge(tmp_path, frames("1-3"), failed=frames("2"))
    assert frame_hashes(result.path) == [reference[number] for number in (1, 1, 3)]


def test_holes_can_be_skipped(tmp_path, picture_files, frames, reference):
    picture_files(tmp_path, PATTERN, (1, 4))
    result = merge(tmp_path, frames("1-4"), failed=frames("2,3"), missing="Skip")
    assert frame_hashes(result.path) == [reference[1], reference[4]]


def test_a_missing_frame_that_nobody_tolerated_is_refused_by_number(tmp_path, picture_files, frames):
    picture_files(tmp_path, PATTERN, (1, 2, 5))
    (tmp_path / "0002.png").write_bytes(b"")
    with pytest.raises(MergeError, match=r"2 of 5 frames .*2.*4.*0002\.png.*render them"):
        merge(tmp_path, frames("1-5"), failed=frames("3"))


def test_a_sequence_of_failures_only_is_refused(tmp_path, frames):
    with pytest.raises(MergeError, match="no frame"):
        merge(tmp_path, frames("1-3"), failed=frames("1-3"))


def test_odd_sizes_are_padded_to_even_ones(tmp_path, picture_files, frames):
    picture_files(tmp_path, PATTERN, (1, 2), size="33x25")
    result = merge(tmp_path, frames("1-2"), "out.mp4", codec="h264", extra_args=())
    video = probe_video(result.path)
    assert (video.width, video.height, video.pixel_format) == (34, 26, "yuv420p")
    assert result.path.read_bytes().index(b"moov") < result.path.read_bytes().index(b"mdat")


@pytest.mark.parametrize(
    ("codec", "target", "name", "pixel_format"),
    [
        ("h264", "o.mov", "h264", "yuv420p"),
        ("h265", "o.mp4", "hevc", "yuv420p"),
        ("vp9", "o.webm", "vp9", "yuv420p"),
        ("prores", "o.mov", "prores", "yuv422p10le"),
        ("ffv1", "o.mkv", "ffv1", "bgr0"),
        ("copy", "o.mov", "png", "rgb24"),
    ],
)
def test_every_codec_of_the_table(tmp_path, picture_files, frames, codec, target, name, pixel_format):
    picture_files(tmp_path, PATTERN, range(1, 4), size="97x65")
    result = merge(tmp_path, frames("1-3"), target, codec=codec, extra_args=())
    video = probe_video(result.path)
    assert (video.codec, video.pixel_format, result.frames) == (name, pixel_format, 3)


@pytest.mark.parametrize("suffix", ["jpg", "tiff", "exr"])
@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_every_kind_of_picture(tmp_path, picture_files, frames, suffix, codec):
    pattern = FilePattern(f"####.{suffix}")
    picture_files(tmp_path, pattern, range(1, 4))
    result = merge(tmp_path, frames("1-3"), pattern=pattern, codec=codec, extra_args=())
    assert len(set(frame_hashes(result.path))) == 3


def test_linear_light_is_shown_through_a_curve(tmp_path, frames):
    from renderjob.media import run_ffmpeg

    grey = [
        "-f",
        "lavfi",
        "-i",
        "color=c=0x808080:s=16x16,format=gbrpf32le",
        "-frames:v",
        "1",
        "-update",
        "1",
    ]
    run_ffmpeg([*grey, str(tmp_path / "0001.exr")])
    merge(tmp_path, frames("1"), "out.mp4", FilePattern("####.exr"), codec="h264", extra_args=("-qp", "0"))
    run_ffmpeg(["-i", str(tmp_path / "out.mp4"), "-f", "rawvideo", str(tmp_path / "raw")])
    # Half of the light is 188 of 255 in sRGB, and that is 177 in video range.
    assert (tmp_path / "raw").read_bytes()[0] in (177, 178)


def test_an_unknown_codec_and_a_wrong_container_are_refused_with_what_is_accepted(tmp_path, frames):
    with pytest.raises(MergeError, match=r"copy, h264, h265, vp9, prores, ffv1; found 'x264'"):
        merge(tmp_path, frames("1"), codec="x264")
    with pytest.raises(MergeError, match=r"prores goes into .*\.mov.*found 'a\.mp4'"):
        merge(tmp_path, frames("1"), "a.mp4", codec="prores")


@pytest.mark.parametrize("fps", [0, -1, "fast", "24/0", 1001, float("nan"), float("inf")])
def test_a_senseless_frame_rate_is_refused(tmp_path, frames, fps):
    with pytest.raises(MergeError, match="fps must be"):
        merge(tmp_path, frames("1"), fps=fps)


@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_a_damaged_picture_is_named(tmp_path, picture_files, frames, codec):
    picture_files(tmp_path, PATTERN, range(1, 9))
    damaged = tmp_path / "0005.png"
    damaged.write_bytes(damaged.read_bytes()[:-200])
    with pytest.raises(MergeError, match=r"1 of 8 frames can't be merged: 5 cannot be read: .*0005\.png"):
        merge(tmp_path, frames("1-8"), codec=codec, extra_args=())
    assert not (tmp_path / "out.mkv").exists()


def test_a_picture_of_another_size_is_refused_and_named(tmp_path, picture_files, frames):
    picture_files(tmp_path, PATTERN, range(1, 9))
    picture_files(tmp_path / "other", PATTERN, (5,), size="64x48")
    (tmp_path / "other" / "0005.png").replace(tmp_path / "0005.png")
    with pytest.raises(MergeError, match=r"5 is 64×48 where most are 32×24 \(0005\.png\)"):
        merge(tmp_path, frames("1-8"), codec="h264", extra_args=())


def test_negative_frames_in_either_spelling_are_merged(tmp_path, picture_files):
    pattern = FilePattern("####.png")
    picture_files(tmp_path, pattern, [0, 1, 2])
    (tmp_path / "0002.png").rename(tmp_path / "-001.png")
    made = merge_sequence(tmp_path, pattern, FrameSet.range(-1, 1), tmp_path / "film.mkv", codec="ffv1")
    assert made.frames == 3


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "exr", "dpx"])
@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_all_damaged_pictures_are_named_at_once_whatever_their_kind(
    tmp_path, picture_files, frames, suffix, codec
):
    """Of a JPEG or an EXR that is cut short ffmpeg itself shows a part, without a word."""
    pattern = FilePattern(f"####.{suffix}")
    picture_files(tmp_path, pattern, range(1, 13), size="64x48")
    for number in (4, 5, 9):
        damaged = tmp_path / pattern.name(number)
        damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size * 6 // 10])
    (tmp_path / pattern.name(11)).write_bytes(b"no picture")
    with pytest.raises(BadInputsError, match=r"4 of 12 frames can't be merged") as caught:
        merge(tmp_path, frames("1-12"), pattern=pattern, codec=codec, extra_args=())
    assert str(caught.value.frames) == "4-5,9,11"
    assert not (tmp_path / "out.mkv").exists()


def test_pictures_of_another_size_are_bad_when_most_are_not_of_it(tmp_path, picture_files, frames):
    picture_files(tmp_path, PATTERN, range(2, 9))
    picture_files(tmp_path / "other", PATTERN, (1, 5), size="64x48")
    for number in (1, 5):
        (tmp_path / "other" / PATTERN.name(number)).replace(tmp_path / PATTERN.name(number))
    with pytest.raises(BadInputsError, match=r"1,5 is 64×48 where most are 32×24") as caught:
        merge(tmp_path, frames("1-8"), codec="h264", extra_args=())
    assert str(caught.value.frames) == "1,5"


def test_when_no_picture_can_be_read_their_kind_is_at_fault(tmp_path, frames):
    for number in range(1, 6):
        (tmp_path / PATTERN.name(number)).write_bytes(b"no picture")
    with pytest.raises(MergeError, match="none of 5 pictures can be merged") as caught:
        merge(tmp_path, frames("1-5"), codec="h264", extra_args=())
    assert not isinstance(caught.value, BadInputsError)


def test_missing_frames_are_bad_inputs_unless_all_are_missing(tmp_path, picture_files, frames):
    with pytest.raises(MergeError) as caught:
        merge(tmp_path, frames("1-3"))
    assert not isinstance(caught.value, BadInputsError), "the directory is not the right one"
    picture_files(tmp_path, PATTERN, (1,))
    with pytest.raises(BadInputsError) as bad:
        merge(tmp_path, frames("1-3"))
    assert str(bad.value.frames) == "2-3"


def test_damaged_pictures_are_named_together_with_those_that_are_not_there(tmp_path, picture_files, frames):
    picture_files(tmp_path, PATTERN, range(1, 6))
    (tmp_path / PATTERN.name(2)).unlink()
    (tmp_path / PATTERN.name(4)).write_bytes(bytes(5000))
    with pytest.raises(BadInputsError, match=r"not in .*: 2 .* and .*4 cannot be read") as caught:
        merge_sequence(tmp_path, PATTERN, frames("1-5"), tmp_path / "o.mkv", codec="ffv1")
    assert caught.value.frames == frames("2,4")


def test_a_picture_of_another_kind_under_the_same_ending_is_named(tmp_path, picture_files, frames):
    picture_files(tmp_path, PATTERN, range(1, 5))
    other = FilePattern("other.####.jpg")
    picture_files(tmp_path, other, [3])
    (tmp_path / other.name(3)).replace(tmp_path / PATTERN.name(3))
    with pytest.raises(BadInputsError, match="3 is mjpeg by what is in it where most are png") as caught:
        merge_sequence(tmp_path, PATTERN, frames("1-4"), tmp_path / "o.mkv", codec="ffv1")
    assert caught.value.frames == frames("3")


@pytest.mark.parametrize("suffix", ["png", "exr"])
def test_a_file_of_which_only_the_beginning_was_written_is_damaged_whatever_its_length(
    tmp_path, suffix, frames
):
    pattern = FilePattern(f"####.{suffix}")
    for frame in (1, 2, 3):
        if suffix == "png":
            png(tmp_path / pattern.name(frame), (64, 64), lambda x, y: (x / 64, y / 64, x * y % 7 / 7))
        else:
            exr(tmp_path / pattern.name(frame), (64, 64), {"": lambda x, y: (x / 64, y / 64, 0.5)})
    whole = (tmp_path / pattern.name(2)).read_bytes()
    # A server that went away, or a disk that was full: the file's length was set, and its end is a hole.
    (tmp_path / pattern.name(2)).write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    with pytest.raises(BadInputsError) as caught:
        merge_sequence(tmp_path, pattern, frames("1-3"), tmp_path / "o.mov", codec="prores")
    assert caught.value.frames == frames("2")


def test_whole_pictures_of_a_kind_that_is_not_read_are_not_rendered_again(tmp_path, frames):
    for frame in (1, 2):
        exr(tmp_path / f"{frame:04d}.exr", (8, 8), {"": lambda x, y: (0.1, 0.2, 0.3)})
        held = (tmp_path / f"{frame:04d}.exr").read_bytes()
        # A compression that no decoder here knows.
        (tmp_path / f"{frame:04d}.exr").write_bytes(
            held.replace(b"compression\0compression\0\1\0\0\0\0", b"compression\0compression\0\1\0\0\0\x63")
        )
    with pytest.raises(MediaError) as caught:
        merge_sequence(tmp_path, FilePattern("####.exr"), frames("1-2"), tmp_path / "o.mov", codec="prores")
    assert MergeAnswer.of(caught.value).refused


def test_a_trial_keeps_nothing(tmp_path, picture_files, frames):
    picture_files(tmp_path, PATTERN, (1, 2))
    before = sorted(path.name for path in tmp_path.iterdir())
    assert merge(tmp_path, frames("1-2"), trial=True).frames == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("args", [("-preset", "nosuch"), ("-no_such_option", "1"), ("-vf", "nosuchfilter")])
def test_what_ffmpeg_can_not_do_is_no_passing_failure(tmp_path, picture_files, frames, args):
    picture_files(tmp_path, PATTERN, (1, 2))
    with pytest.raises(MergeError, match="exit code") as caught:
        merge(tmp_path, frames("1-2"), "o.mp4", codec="h264", extra_args=args)
    assert not isinstance(caught.value, PassingError)
    assert args[1 if args[0] != "-no_such_option" else 0].lstrip("-") in str(caught.value)
