"""output.check Decode: pictures that are damaged or cut short are found, and nothing else is held against anybody."""

from __future__ import annotations

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import can_be_decoded, damaged, decoding, run_ffmpeg
from renderjob.outputs import Asked, Doubtful, look

KINDS = ["png", "exr", "jpg", "tif", "dpx", "tga", "bmp", "webp", "jp2", "hdr", "ppm"]
PNG = FilePattern("####.png")


def picture(path, *options):
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=s=160x90", "-frames:v", "1", *options, str(path.absolute())])


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_short_is_damaged_and_a_whole_one_is_not(tmp_path, kind):
    options = ("-pix_fmt", "gbrpf32le") if kind in ("exr", "hdr") else ()
    for name in ("whole", "late", "early"):
        picture(tmp_path / f"{name}.{kind}", *options)
    cut(tmp_path / f"late.{kind}", 0.95)
    cut(tmp_path / f"early.{kind}", 0.2)
    found = damaged(tmp_path, [f"{name}.{kind}" for name in ("whole", "late", "early")])
    assert found.names == [f"late.{kind}", f"early.{kind}"]
    assert found.reasons[0].startswith(f"late.{kind} cannot be read")
    assert found.unchecked == []


def test_what_is_no_picture_under_the_name_of_one_is_damaged(tmp_path):
    (tmp_path / "a.png").write_text("no picture\n")
    assert damaged(tmp_path, ["a.png"]).names == ["a.png"]


@pytest.mark.parametrize("name", ["a.bgeo", "cache.vdb", "log.txt", "noending"])
def test_what_nobody_here_decodes_counts_by_its_size(tmp_path, name):
    (tmp_path / name).write_text("a simulation's cache\n")
    assert not can_be_decoded(name)
    assert damaged(tmp_path, [name]).names == []


def test_a_picture_that_takes_too_long_is_left_alone_and_that_is_told(tmp_path, monkeypatch):
    picture(tmp_path / "a.png")
    monkeypatch.setattr(decoding, "SECONDS", 0)
    monkeypatch.setattr(decoding, "START", 0)
    found = damaged(tmp_path, ["a.png"])
    assert found.names == []
    assert found.unchecked == ["a.png was not decoded within 0s"]


def test_a_decoder_that_dies_costs_the_picture_nothing_and_the_next_one_is_decoded(tmp_path, monkeypatch):
    picture(tmp_path / "a.png")
    monkeypatch.setattr(decoding.sys, "executable", "false")
    assert damaged(tmp_path, ["a.png"]).names == []
    monkeypatch.undo()
    assert damaged(tmp_path, ["a.png"]).unchecked == []


def test_a_look_that_decodes_tells_which_pictures_are_damaged_and_how(tmp_path):
    for frame in (1, 2, 3):
        picture(tmp_path / PNG.name(frame))
    cut(tmp_path / "0002.png", 0.5)
    frames = FrameSet.parse("1-3")
    assert look(tmp_path, Asked(frames, patterns=(PNG,))).missing == FrameSet()
    found = look(tmp_path, Asked(frames, patterns=(PNG,), check=damaged))
    assert str(found.missing) == "2"
    assert found.why.startswith("0002.png cannot be read")


def test_a_look_that_decodes_looks_at_the_files_of_chunks_too(tmp_path):
    (tmp_path / "a.mkv").write_text("no video")
    found = look(
        tmp_path, Asked(FrameSet.parse("1-4"), files=[(FrameSet.parse("1-4"), "a.mkv")], check=damaged)
    )
    assert str(found.missing) == "1-4"


def test_every_file_of_a_frame_is_looked_for_and_those_that_are_missing_are_named(tmp_path):
    left, right = FilePattern("left/%d.exr"), FilePattern("right/%d.exr")
    for frame in (1, 2, 3):
        for pattern in (left, right):
            (tmp_path / pattern.name(frame)).parent.mkdir(exist_ok=True)
            (tmp_path / pattern.name(frame)).write_text("pixels")
    (tmp_path / "right/2.exr").unlink()
    found = look(tmp_path, Asked(FrameSet.parse("1-3"), patterns=(left, right)))
    assert str(found.missing) == "2"
    assert found.why == f"wanted right/2.exr in {tmp_path}"


def test_of_an_attempt_that_died_the_last_frame_is_told_by_all_of_its_files(tmp_path):
    import os

    left, right = FilePattern("l/%d.exr"), FilePattern("r/%d.exr")
    for at, name in enumerate(("l/1.exr", "r/1.exr", "l/2.exr", "r/2.exr")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("pixels")
        os.utime(tmp_path / name, (1000 + at, 1000 + at))
    frames = FrameSet.parse("1-2")
    found = look(tmp_path, Asked(frames, patterns=(left, right), doubtful=[Doubtful(frames, 1000)]))
    assert str(found.present) == "1"
