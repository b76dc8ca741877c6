"""Where the sRGB curve for linear pictures comes from, by what this ffmpeg can do."""

from __future__ import annotations

import sys

import pytest

from renderjob.media.light import is_linear, srgb_curve


@pytest.mark.parametrize(
    ("decoder", "filters", "expected"),
    [
        ("  -apply_trc  <int>", " V.. zscale  V->V", (["-apply_trc", "iec61966_2_1"], "")),
        ("  -layer", " ... zscale    V->V", ([], "zscale=tin=linear:t=iec61966-2-1")),
        ("  -layer", " ... scale     V->V", ([], "scale=out_transfer=iec61966-2-1")),
    ],
)
def test_the_curve_is_taken_where_this_ffmpeg_has_it(tmp_path, monkeypatch, decoder, filters, expected):
    program = tmp_path / "ffmpeg"
    text = f"import sys\nprint({decoder!r} if 'decoder=exr' in sys.argv else {filters!r})\n"
    program.write_text(f"#!{sys.executable}\n{text}")
    program.chmod(0o755)
    monkeypatch.setenv("RENDERJOB_FFMPEG", str(program))
    assert srgb_curve() == expected


def test_only_exr_is_linear():
    assert is_linear("a.EXR")
    assert not is_linear("a.png")
