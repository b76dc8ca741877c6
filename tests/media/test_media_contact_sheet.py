"""Contact sheets."""

from __future__ import annotations

import pytest

from renderjob.frames import FilePattern
from renderjob.media import MergeError, contact_sheet, probe_video, run_ffmpeg
from renderjob.media.contact_sheet import spread
from renderjob.media.digits import number_width

PATTERN = FilePattern("it's 100% ####.png")


def test_the_pictures_are_spread_evenly_with_both_ends():
    assert spread(3, 12) == [0, 1, 2]
    assert spread(100, 4) == [0, 33, 66, 99]
    assert spread(9, 1) == [4]
    assert len(set(spread(13, 12))) == 12


def test_a_sheet_of_a_sequence_has_a_cell_for_each_picture(tmp_path, picture_files):
    tmp_path = tmp_path / "new\nline %03d"
    picture_files(tmp_path, PATTERN, range(1, 6))
    pictures = [tmp_path / PATTERN.name(number) for number in range(1, 6)]
    sheet = contact_sheet(pictures, tmp_path / "a sheet %d.png", columns=3, width=64, gap=4)
    picture = probe_video_of_picture(sheet, tmp_path)
    assert (picture.width, picture.height) == (3 * 64 + 4 * 4, 2 * 48 + 3 * 4)
    assert not list(tmp_path.glob(".*"))


def probe_video_of_picture(path, tmp_path):
    plain = tmp_path / "plain.png"
    plain.write_bytes(path.read_bytes())
    return probe_video(plain)


def test_pictures_of_several_kinds_and_sizes_fit_in_one_sheet(tmp_path, picture_files):
    for suffix, size in (("png", "32x24"), ("jpg", "24x32"), ("exr", "64x20")):
        picture_files(tmp_path, FilePattern(f"####.{suffix}"), [1], size=size)
    pictures = [tmp_path / f"0001.{suffix}" for suffix in ("png", "jpg", "exr")]
    sheet = contact_sheet(pictures, tmp_path / "sheet.jpg", width=64, gap=0)
    assert (probe_video(sheet).width, probe_video(sheet).height) == (192, 48)


def test_a_sheet_of_a_video_shows_its_first_and_last_frame(tmp_path):
    colours = "nullsrc=s=32x24:r=24,geq=lum='if(eq(N,0),235,if(eq(N,29),120,16))':cb=128:cr=128"
    run_ffmpeg(["-f", "lavfi", "-i", colours, "-frames:v", "30", "-c:v", "ffv1", str(tmp_path / "v.mkv")])
    sheet = contact_sheet(tmp_path / "v.mkv", tmp_path / "s.png", thumbnails=4, width=32, gap=0)
    run_ffmpeg(["-i", str(sheet), "-pix_fmt", "gray", "-f", "rawvideo", str(tmp_path / "raw")])
    row = (tmp_path / "raw").read_bytes()[12 * 128 : 13 * 128]
    assert row[16] > 230 and row[48] < 20 and row[80] < 20 and 90 < row[112] < 150


def grey(path, tmp_path):
    """The sheet's pixels, row by row."""
    run_ffmpeg(["-y", "-i", str(path), "-pix_fmt", "gray", "-f", "rawvideo", str(tmp_path / "raw")])
    size, data = probe_video(path), (tmp_path / "raw").read_bytes()
    return [data[row * size.width : (row + 1) * size.width] for row in range(size.height)]


def test_frame_numbers_stand_below_their_thumbnails(tmp_path, picture_files):
    pattern, frames = FilePattern("####.png"), [-10, 7, 1048]
    picture_files(tmp_path, pattern, [1, 2, 3])
    pictures = [tmp_path / pattern.name(number) for number in (1, 2, 3)]
    plain = grey(contact_sheet(pictures, tmp_path / "plain.png", width=64, gap=2), tmp_path)
    sheet = contact_sheet(pictures, tmp_path / "sheet.png", width=64, gap=2, numbers=frames)
    pixels = grey(sheet, tmp_path)
    assert pixels[: len(plain) - 2] == plain[:-2], "the pictures themselves are untouched"

    strip = pixels[len(plain) - 2 : -2]
    for place, number in enumerate(frames):
        cell = [row[2 + place * 66 : 66 + place * 66] for row in strip]
        lit = [[x for x, value in enumerate(row) if value > 120] for row in cell]
        columns = {x for row in lit for x in row}
        assert max(columns) - min(columns) + 1 == number_width(number, 1)
        assert abs(min(columns) - (63 - max(columns))) <= 1, "it stands in the middle"
        drawn = "/".join(
            "".join("#" if x in row else " " for x in range(min(columns), 64)) for row in lit if row
        )
        assert drawn == WRITTEN[number]


WRITTEN = {
    number: "/".join(line.ljust(64 - (64 - number_width(number, 1)) // 2) for line in lines)
    for number, lines in {
        -10: ["     #  ###", "    ##  # #", "###  #  # #", "     #  # #", "    ### ###"],
        7: ["###", "  #", "  #", "  #", "  #"],
        1048: [" #  ### # # ###", "##  # # # # # #", " #  # # ### ###", " #  # #   # # #", "### ###   # ###"],
    }.items()
}


def test_what_no_sheet_can_be_made_of_is_refused(tmp_path):
    with pytest.raises(MergeError, match="no picture"):
        contact_sheet([], tmp_path / "s.png")
    with pytest.raises(MergeError, match=r"\.png, \.jpg.*found 's\.gif'"):
        contact_sheet([tmp_path / "a.png"], tmp_path / "s.gif")
    with pytest.raises(MergeError, match="at least 1"):
        contact_sheet([tmp_path / "a.png"], tmp_path / "s.png", columns=0)
    with pytest.raises(MergeError, match="a number for each picture; found 1 for 2"):
        contact_sheet([tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "s.png", numbers=[1])
