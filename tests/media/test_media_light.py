"""Which pictures hold linear light, as their decoder says, and where the sRGB curve for them comes from."""

from __future__ import annotations

import sys

import pytest

from renderjob.media import run_ffmpeg
from renderjob.media.light import srgb_curve
from renderjob.media.picture import decode_picture
from support.pictures import dpx, exr, png


@pytest.mark.parametrize(
    ("filters", "expected"),
    [(" ... zscale    V->V", "zscale=tin=linear:t=iec61966-2-1"), (" ... scale     V->V", "lutrgb=r=if")],
)
def test_the_curve_is_taken_where_this_ffmpeg_has_it(tmp_path, monkeypatch, filters, expected):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nprint({filters!r})\n")
    program.chmod(0o755)
    monkeypatch.setenv("RENDERJOB_FFMPEG", str(program))
    assert srgb_curve()[-1].startswith(expected)
    assert srgb_curve(alpha=True)[0] == "format=gbrap16le"


def half(_x: int, _y: int) -> tuple[float, float, float]:
    return 0.5, 0.5, 0.5


@pytest.mark.parametrize(
    ("name", "write", "linear"),
    [
        ("a.exr", lambda path: exr(path, (4, 4), {"": half}), True),
        ("a.dpx", lambda path: dpx(path, (4, 4), half, transfer=2), True),
        ("b.dpx", lambda path: dpx(path, (4, 4), half, transfer=6), False),
        ("c.dpx", lambda path: dpx(path, (4, 4), half), False),
        ("a.png", lambda path: png(path, (4, 4), half), False),
        ("b.png", lambda path: png(path, (4, 4), half, gamma=1.0), True),
        ("c.png", lambda path: png(path, (4, 4), half, gamma=1 / 2.2), False),
        ("no_ending_of_its_own", lambda path: exr(path, (4, 4), {"": half}), True),
    ],
)
def test_a_decoder_tells_linear_light_whatever_the_file_is_called(tmp_path, name, write, linear):
    assert decode_picture(write(tmp_path / name)).linear is linear


@pytest.mark.parametrize("suffix", ["hdr", "pfm"])
def test_pictures_of_floating_point_are_linear(tmp_path, suffix):
    made = tmp_path / f"a.{suffix}"
    source = ["-f", "lavfi", "-i", "color=c=0x808080:s=4x4,format=gbrpf32le", "-frames:v", "1"]
    run_ffmpeg([*source, "-update", "1", str(made)])
    assert decode_picture(made).linear
