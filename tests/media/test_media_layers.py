"""Multi-layer OpenEXR: which layer is the picture, and what is said when none is."""

from __future__ import annotations

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import MergeError, contact_sheet, run_ffmpeg
from renderjob.media.errors import MediaError
from renderjob.media.exr import choose_layer
from renderjob.media.merge import MergeRequest, merge
from support.pictures import exr

SIZE = (16, 16)


def flat(*samples):
    return lambda _x, _y: samples


RED, GREEN, BLUE = flat(1.0, 0.0, 0.0, 1.0), flat(0.0, 1.0, 0.0, 1.0), flat(0.0, 0.0, 1.0, 1.0)
DEPTH = flat(7.0)


@pytest.mark.parametrize(
    ("layers", "asked", "expected"),
    [
        ({"": RED}, "", ""),
        ({"": RED, "ViewLayer.Depth": DEPTH}, "", ""),
        ({"ViewLayer.Combined": RED, "ViewLayer.Depth": DEPTH}, "", "ViewLayer.Combined"),
        ({"Composite.Combined": RED, "ViewLayer.Combined": BLUE}, "", "Composite.Combined"),
        (
            {"A.Normal": GREEN, "View.Combined.left": RED, "View.Combined.right": BLUE},
            "",
            "View.Combined.left",
        ),
        ({"beauty": RED, "diffuse": BLUE}, "", "beauty"),
        ({"only": RED}, "", "only"),
        ({"ViewLayer.Combined": RED, "ViewLayer.Normal": BLUE}, "ViewLayer.Normal", "ViewLayer.Normal"),
        ({"ViewLayer.Combined": RED, "ViewLayer.Normal": BLUE}, "normal", "ViewLayer.Normal"),
    ],
)
def test_the_layer_that_is_the_picture(tmp_path, layers, asked, expected):
    assert choose_layer(exr(tmp_path / "a.exr", SIZE, layers), asked).name == expected


@pytest.mark.parametrize(
    ("layers", "asked", "words"),
    [
        ({"a.b": RED, "a.c": RED}, "", r"2 layers and none that is called Combined: .* one of a\.b, a\.c"),
        (
            {"a.b": RED, "a.c": RED},
            "d",
            r"'d' is no layer of .*a\.exr: set merge\.ffmpeg\.layer to one of a\.b, a\.c",
        ),
        ({"a.x": RED, "b.x": RED}, "x", r"'x' is several layers of .* one of a\.x, b\.x"),
        ({"depth": DEPTH}, "", r"has no picture \(its channels: depth\.Z\)"),
    ],
)
def test_words_name_the_layers_that_are_there(tmp_path, layers, asked, words):
    with pytest.raises(MergeError, match=words):
        choose_layer(exr(tmp_path / "a.exr", SIZE, layers), asked)


@pytest.mark.parametrize("cut", [1, 200])
def test_a_file_that_is_cut_short_is_said_to_be(tmp_path, cut):
    from renderjob.media.picture import decode_picture

    path = exr(tmp_path / "a.exr", SIZE, {"": RED})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(MediaError, match=r"a\.exr cannot be read: it is cut short"):
        decode_picture(path)


def colour(path):
    out = path.with_suffix(".raw")
    run_ffmpeg(["-i", str(path), "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", str(out)])
    return tuple(255 if value > 200 else 0 if value < 60 else value for value in out.read_bytes()[300:303])


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize(("asked", "expected"), [("", (255, 0, 0)), ("V.Diffuse", (0, 0, 255))])
def test_a_merge_and_a_sheet_show_the_layer(tmp_path, parts, asked, expected):
    layers = {"V.Diffuse": BLUE, "V.Combined": RED, "V.Depth": DEPTH}
    for frame in (1, 2):
        exr(tmp_path / f"{frame}.exr", SIZE, layers, parts=parts)
    request = MergeRequest(
        tmp_path,
        "o.mkv",
        pattern=FilePattern("#.exr"),
        frames=FrameSet.parse("1-2"),
        codec="ffv1",
        layer=asked,
    )
    assert merge(request).frames == 2
    assert colour(tmp_path / "o.mkv") == expected
    sheet = contact_sheet([tmp_path / "1.exr"], tmp_path / "s.png", layer=asked, gap=0, width=16)
    assert colour(sheet) == expected
