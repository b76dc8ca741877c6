"""Pictures that are half transparent, half opaque white: what is kept is straight, what is not is over black."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import concat_videos, contact_sheet, merge_sequence, probe_video, run_ffmpeg
from support.pictures import exr, png

SIZE = 64, 32
COLOURS = ((1.0, 1.0, 1.0), (0.9, 0.5, 0.2))
"""Of the upper and the lower half."""
ALPHAS = (0.3, 0.6, 1.0, 1.0)
"""Of the quarters, from the left."""


def colour(y: int) -> tuple[float, float, float]:
    return COLOURS[y >= SIZE[1] // 2]


def alpha(x: int) -> float:
    return ALPHAS[x * 4 // SIZE[0]]


def linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def seen(value: float) -> float:
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def write(directory: Path, kind: str) -> FilePattern:
    for frame in (1, 2):
        name = directory / f"{frame:04d}"
        if kind == "exr":
            # Colours of EXR are multiplied with alpha, in linear light.
            layer = {"": lambda x, y: [*(linear(v) * alpha(x) for v in colour(y)), alpha(x)]}
            exr(name.with_suffix(".exr"), SIZE, layer)
        else:
            bits = int(kind.removeprefix("png"))
            png(name.with_suffix(".png"), SIZE, lambda x, y: (*colour(y), alpha(x)), bits=bits)
    return FilePattern("####.exr" if kind == "exr" else "####.png")


def points(path: Path) -> list[tuple[float, float, float, float]]:
    """Red, green, blue and alpha in the middle of each quarter of both halves, of the first frame."""
    video = probe_video(path)
    decoder = ["-c:v", video.decoder] if video.decoder else []
    raw = path.with_suffix(".raw")
    chain = "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp,format=gbrap16le,format=rgba64le"
    run_ffmpeg([*decoder, "-i", str(path), "-vf", chain, "-frames:v", "1", "-f", "rawvideo", str(raw)])
    samples = memoryview(raw.read_bytes()).cast("H")
    width, height = video.width, video.height
    places = [
        (y * width + x) * 4
        for y in (height // 4, height * 3 // 4)
        for x in range(width // 8, width, width // 4)
    ]
    return [tuple(value / 65535 for value in samples[at : at + 4]) for at in places]  # type: ignore[misc]


def expected(kind: str, *, kept: bool) -> list[tuple[float, float, float, float]]:
    found = []
    for some in COLOURS:
        for part in ALPHAS:
            if kept:
                found.append((*some, part))
            elif kind == "exr":
                found.append((*(seen(linear(v) * part) for v in some), 1.0))
            else:
                found.append((*(v * part for v in some), 1.0))
    return found


def assert_close(found, wanted, tolerance):
    assert [tuple(round(v, 2) for v in each) for each in found] == [
        tuple(pytest.approx(v, abs=tolerance) for v in each) for each in wanted
    ]


@pytest.mark.parametrize("kind", ["png8", "png16", "exr"])
@pytest.mark.parametrize(("codec", "file"), [("prores", "o.mov"), ("ffv1", "o.mkv"), ("vp9", "o.webm")])
def test_colours_behind_half_an_alpha_are_kept_as_they_are(tmp_path, kind, codec, file):
    pattern = write(tmp_path, kind)
    made = merge_sequence(tmp_path, pattern, FrameSet.parse("1-2"), tmp_path / file, codec=codec)
    assert_close(points(made.path), expected(kind, kept=True), 0.03)


@pytest.mark.parametrize("kind", ["png8", "png16", "exr"])
@pytest.mark.parametrize(("codec", "file"), [("h264", "o.mp4"), ("h265", "o.mov")])
def test_what_is_half_transparent_is_half_over_black_and_white_stays_white(tmp_path, kind, codec, file):
    pattern = write(tmp_path, kind)
    made = merge_sequence(tmp_path, pattern, FrameSet.parse("1-2"), tmp_path / file, codec=codec)
    assert_close(points(made.path), expected(kind, kept=False), 0.04)


def test_chunk_videos_with_alpha_are_shown_over_black_too(tmp_path):
    pattern = write(tmp_path, "png16")
    frames = FrameSet.parse("1-2")
    parts = [merge_sequence(tmp_path, pattern, frames, tmp_path / "a.mov", codec="prores").path] * 2
    made = concat_videos(parts, tmp_path / "o.mp4", codec="h264")
    assert_close(points(made.path), expected("png16", kept=False), 0.04)


@pytest.mark.parametrize("kind", ["png8", "png16", "exr"])
@pytest.mark.parametrize("file", ["sheet.png", "sheet.jpg"])
def test_a_contact_sheet_shows_pictures_over_black(tmp_path, kind, file):
    first = tmp_path / write(tmp_path, kind).name(1)
    sheet = contact_sheet([first], tmp_path / file, width=SIZE[0], gap=0)
    assert_close(points(sheet), expected(kind, kept=False), 0.04)
