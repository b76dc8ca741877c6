"""A film of known samples through every codec, container, depth and alpha that the docs name, measured by pixels.

Each film has a gradient of grey, and a patch of red, green and blue; with alpha its left half is transparent.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from renderjob.api.merge import CONTAINERS
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import MergeRequest, MergeResult, find_ffmpeg, merge, probe_video, run_ffmpeg
from renderjob.media.picture import depth_of, has_alpha
from support.pictures import dpx, exr, png

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 64, 36
FRAMES = 5
COLOURS = ((0.8, 0.1, 0.1), (0.1, 0.7, 0.2), (0.1, 0.2, 0.9))
"""Of the patches in the lower half, from the left."""


def grey(frame: int, x: int) -> float:
    """The gradient, which moves with the frames."""
    return ((x + 4 * frame) % WIDTH) / (WIDTH - 1) * 0.9 + 0.05


def rgb(frame: int, x: int, y: int) -> tuple[float, float, float]:
    if y < HEIGHT // 2:
        return (grey(frame, x),) * 3
    return COLOURS[min(2, x * 3 // WIDTH)]


def alpha(x: int) -> float:
    return 0.0 if x < WIDTH // 2 else 1.0


def linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def write(directory: Path, kind: str, frame: int) -> None:
    size, name = (WIDTH, HEIGHT), directory / f"{frame:04d}"
    match kind:
        case "png8":
            png(name.with_suffix(".png"), size, lambda x, y: rgb(frame, x, y))
        case "png16":
            png(name.with_suffix(".png"), size, lambda x, y: rgb(frame, x, y), bits=16)
        case "grey8":
            png(name.with_suffix(".png"), size, lambda x, y: (grey(frame, x),))
        case "grey16":
            png(name.with_suffix(".png"), size, lambda x, y: (grey(frame, x),), bits=16)
        case "rgba8":
            png(name.with_suffix(".png"), size, lambda x, y: (*rgb(frame, x, y), alpha(x)))
        case "rgba16":
            png(name.with_suffix(".png"), size, lambda x, y: (*rgb(frame, x, y), alpha(x)), bits=16)
        case "dpx10":
            dpx(name.with_suffix(".dpx"), size, lambda x, y: rgb(frame, x, y), transfer=6)
        case "dpxlin":
            dpx(
                name.with_suffix(".dpx"), size, lambda x, y: [linear(v) for v in rgb(frame, x, y)], transfer=2
            )
        case "exr":
            exr(name.with_suffix(".exr"), size, {"": lambda x, y: [linear(v) for v in rgb(frame, x, y)]})
        case "exra":
            # Colours of EXR are multiplied with alpha.
            def premultiplied(x: int, y: int) -> list[float]:
                return [*(linear(v) * alpha(x) for v in rgb(frame, x, y)), alpha(x)]

            exr(name.with_suffix(".exr"), size, {"": premultiplied})
        case _:
            raise AssertionError(kind)


SUFFIXES = {"dpx10": "dpx", "dpxlin": "dpx", "exr": "exr", "exra": "exr"}


def film(directory: Path, kind: str, codec: str, file: str, args: tuple[str, ...] = ()) -> MergeResult:
    for frame in range(1, FRAMES + 1):
        write(directory, kind, frame)
    pattern = FilePattern(f"####.{SUFFIXES.get(kind, 'png')}")
    frames = FrameSet.parse(f"1-{FRAMES}")
    return merge(
        MergeRequest(directory, file, pattern=pattern, frames=frames, codec=codec, extra_args=args, fps="24")
    )


def decoded(path: Path) -> list[list[list[tuple[float, float, float, float]]]]:
    """Frames of rows of pixels, 0 to 1, as a player that heeds the tags shows them."""
    video = probe_video(path)
    raw = path.with_suffix(".raw")
    decoder = ["-c:v", video.decoder] if video.decoder else []
    convert = (
        "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp,format=gbrap16le,format=rgba64le"
    )
    run_ffmpeg(
        [*decoder, "-i", str(path), "-vf", convert, "-f", "rawvideo", "-pix_fmt", "rgba64le", str(raw)]
    )
    samples = memoryview(raw.read_bytes()).cast("H")
    size = video.width * video.height * 4
    frames = []
    for begin in range(0, len(samples), size):
        rows = []
        for y in range(video.height):
            at = begin + y * video.width * 4
            rows.append(
                [
                    tuple(value / 65535 for value in samples[at + 4 * x : at + 4 * x + 4])
                    for x in range(video.width)
                ]
            )
        frames.append(rows)
    return frames


def tags(path: Path) -> dict[str, str]:
    """How a video's colours are tagged, as ffmpeg tells."""
    command = [str(find_ffmpeg()), "-hide_banner", "-i", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return {"line": next(line for line in said.splitlines() if "Video:" in line)}


def errors(path: Path, *, transparent: bool) -> tuple[float, float]:
    """The mean and the worst difference of the picture's parts, away from edges; where alpha is 0 nothing shows."""
    total, worst, count = 0.0, 0.0, 0
    for number, rows in enumerate(decoded(path), start=1):
        for y in (3, HEIGHT // 4, HEIGHT * 3 // 4, HEIGHT - 3):
            for x in range(3, WIDTH - 3):
                near = [rgb(number, x + step, y) for step in (-3, -2, -1, 0, 1, 2, 3)]
                if max(abs(a - b) for each in near for a, b in zip(each, near[3], strict=True)) > 0.2:
                    continue
                if transparent and x < WIDTH // 2 + 4:
                    continue
                found, wanted = rows[y][x], rgb(number, x, y)
                for a, b in zip(found, wanted, strict=False):
                    total, worst, count = total + abs(a - b), max(worst, abs(a - b)), count + 1
    return total / count, worst


EVERY = sorted(
    (codec, suffix) for codec, suffixes in CONTAINERS.items() if codec != "copy" for suffix in suffixes
)


@pytest.mark.parametrize(("codec", "suffix"), EVERY)
def test_every_codec_in_each_of_its_containers_shows_what_was_rendered(tmp_path, codec, suffix):
    result = film(tmp_path, "png8", codec, f"o{suffix}")
    assert result.frames == FRAMES
    mean, worst = errors(result.path, transparent=False)
    assert mean < 0.02
    assert worst < 0.12


DEPTHS = [
    ("h264", "o.mp4", "png16", "yuv420p"),
    ("h265", "o.mp4", "png8", "yuv420p"),
    ("h265", "o.mp4", "png16", "yuv420p10le"),
    ("h265", "o.mkv", "dpx10", "yuv420p10le"),
    ("h265", "o.mov", "exr", "yuv420p10le"),
    ("vp9", "o.webm", "png16", "yuv420p10le"),
    ("vp9", "o.mp4", "dpx10", "yuv420p10le"),
    ("prores", "o.mov", "png8", "yuv422p10le"),
    ("prores", "o.mov", "png16", "yuv422p10le"),
    ("prores", "o.mxf", "exr", "yuv422p10le"),
    ("ffv1", "o.mkv", "png8", "bgr0"),
    ("ffv1", "o.mkv", "png16", "gbrp16le"),
    ("ffv1", "o.mkv", "dpx10", "gbrp10le"),
    ("ffv1", "o.mkv", "exr", "gbrp16le"),
    ("ffv1", "o.mkv", "dpxlin", "gbrp16le"),
]


@pytest.mark.parametrize(("codec", "file", "kind", "expected"), DEPTHS)
def test_depth_is_kept_as_far_as_the_docs_say(tmp_path, codec, file, kind, expected):
    result = film(tmp_path, kind, codec, file)
    found = probe_video(result.path).pixel_format
    assert found in (expected, "rgb48le" if expected == "gbrp16le" else expected)
    mean, worst = errors(result.path, transparent=False)
    assert mean < (0.004 if codec == "ffv1" else 0.02)
    assert worst < 0.12
    assert ("8 bits" in " ".join(result.notes)) == (depth_of(found) == 8 and kind != "png8")


ASKED = [
    ("h264", "o.mp4", ("-pix_fmt", "yuv420p10le"), "yuv420p10le"),
    ("h264", "o.mp4", ("-profile:v", "high10"), "yuv420p10le"),
    ("h264", "o.mp4", ("-pix_fmt", "yuv444p"), "yuv444p"),
    ("h264", "o.mp4", ("-vf", "hflip,hflip,format=yuv422p"), "yuv422p"),
    ("h265", "o.mp4", ("-pix_fmt", "yuv422p12le"), "yuv422p12le"),
    ("h265", "o.mkv", ("-pix_fmt", "gbrp"), "gbrp"),
    ("vp9", "o.webm", ("-pix_fmt", "yuv444p12le"), "yuv444p12le"),
    ("prores", "o.mov", ("-profile:v", "4"), "yuv444p12le"),
    ("prores", "o.mov", ("-pix_fmt", "yuv444p10le"), "yuv444p12le"),
    ("ffv1", "o.mkv", ("-pix_fmt", "yuv422p10le"), "yuv422p10le"),
    ("h264", "o.mp4", ("-color_range", "pc"), "yuvj420p"),
    ("h264", "o.mp4", ("-pix_fmt", "yuvj420p"), "yuvj420p"),
    ("h264", "o.mp4", ("-colorspace", "smpte170m"), "yuv420p"),
    ("h264", "o.mp4", ("-pix_fmt", "gray"), "gray"),
]


@pytest.mark.parametrize(("codec", "file", "args", "expected"), ASKED)
def test_the_form_that_is_asked_for_is_the_form_that_is_written(tmp_path, codec, file, args, expected):
    result = film(tmp_path, "grey16" if "gray" in args else "png16", codec, file, args)
    found = probe_video(result.path).pixel_format
    assert found in (expected, expected.replace("yuvj", "yuv"), expected.replace("gray", "yuv420p"))
    if "gray" not in args:
        mean, worst = errors(result.path, transparent=False)
        assert mean < 0.02
        assert worst < 0.12


KEPT = [
    ("prores", "o.mov", "rgba8", (), "yuva444p10le"),
    ("prores", "o.mov", "rgba16", (), "yuva444p10le"),
    ("prores", "o.mov", "exra", (), "yuva444p10le"),
    ("prores", "o.mov", "rgba8", ("-profile:v", "4", "-pix_fmt", "yuva444p10le"), "yuva444p10le"),
    ("prores", "o.mkv", "rgba8", ("-profile:v", "5"), "yuva444p10le"),
    ("vp9", "o.webm", "rgba8", (), "yuva420p"),
    ("vp9", "o.mkv", "rgba8", (), "yuva420p"),
    ("vp9", "o.webm", "exra", (), "yuva420p"),
    ("vp9", "o.webm", "rgba8", ("-pix_fmt", "yuva420p"), "yuva420p"),
    ("ffv1", "o.mkv", "rgba8", (), "bgra"),
    ("ffv1", "o.mkv", "rgba16", (), "gbrap16le"),
    ("ffv1", "o.mov", "exra", (), "gbrap16le"),
    ("ffv1", "o.avi", "rgba8", ("-pix_fmt", "yuva444p"), "yuva444p"),
]


@pytest.mark.parametrize(("codec", "file", "kind", "args", "expected"), KEPT)
def test_alpha_stays_alpha(tmp_path, codec, file, kind, args, expected):
    result = film(tmp_path, kind, codec, file, args)
    assert not any("alpha" in note for note in result.notes)
    frames = decoded(result.path)
    assert len(frames) == FRAMES
    for rows in frames:
        assert rows[HEIGHT // 2][3][3] < 0.02
        assert rows[HEIGHT // 2][WIDTH - 4][3] > 0.98
    mean, worst = errors(result.path, transparent=True)
    assert mean < 0.02
    assert worst < 0.12
    if codec != "vp9":
        assert probe_video(result.path).pixel_format in (expected, "rgba64le", "yuva444p12le")
        assert has_alpha(expected)


LEFT_OUT = [
    ("h264", "o.mp4", "rgba8"),
    ("h264", "o.mp4", "rgba16"),
    ("h265", "o.mp4", "exra"),
    ("vp9", "o.mp4", "rgba8"),
]


@pytest.mark.parametrize(("codec", "file", "kind"), LEFT_OUT)
def test_alpha_that_is_not_kept_is_shown_over_black_and_told(tmp_path, codec, file, kind):
    result = film(tmp_path, kind, codec, file)
    assert any("alpha" in note and "over black" in note for note in result.notes)
    for rows in decoded(result.path):
        assert max(rows[HEIGHT // 4][3][:3]) < 0.03
    mean, worst = errors(result.path, transparent=True)
    assert mean < 0.02
    assert worst < 0.12


def test_an_alpha_channel_that_only_some_pictures_have_is_kept(tmp_path):
    for frame in range(1, 5):
        write(tmp_path, "rgba8" if frame == 3 else "png8", frame)
    request = MergeRequest(
        tmp_path, "o.mov", pattern=FilePattern("####.png"), frames=FrameSet.parse("1-4"), codec="prores"
    )
    frames = decoded(merge(request).path)
    assert [rows[HEIGHT // 2][3][3] < 0.02 for rows in frames] == [False, False, True, False]


@pytest.mark.parametrize(("codec", "file"), [("ffv1", "o.mkv"), ("prores", "o.mov"), ("vp9", "o.webm")])
def test_alpha_of_a_palette_and_of_grey_is_alpha(tmp_path, codec, file):
    clear = [
        "-f",
        "lavfi",
        "-i",
        "color=red:s=64x36:d=0.04,format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,32),0,255)'",
    ]
    split = "split[a][b];[a]palettegen[p];[b][p]paletteuse=alpha_threshold=128"
    palette = ["-filter_complex", f"[0]{split}", "-pix_fmt", "pal8"]
    for number, form in ((1, palette), (2, ["-pix_fmt", "ya8"])):
        run_ffmpeg([*clear, *form, "-frames:v", "1", "-update", "1", str(tmp_path / f"{number:04d}.png")])
    request = MergeRequest(
        tmp_path, file, pattern=FilePattern("####.png"), frames=FrameSet.parse("1-2"), codec=codec
    )
    for rows in decoded(merge(request).path):
        assert rows[18][4][3] < 0.02
        assert rows[18][60][3] > 0.98


@pytest.mark.parametrize("kind", ["exr", "dpxlin", "dpx10", "grey8", "grey16"])
def test_linear_light_is_as_bright_as_it_looks(tmp_path, kind):
    result = film(tmp_path, kind, "h264", "o.mp4")
    row = HEIGHT // 4
    for number, rows in enumerate(decoded(result.path), start=1):
        for x in range(4, WIDTH - 4, 7):
            if abs(grey(number, x + 3) - grey(number, x - 3)) < 0.2:
                assert rows[row][x][1] == pytest.approx(grey(number, x), abs=0.03)


def test_a_users_filters_get_pictures_as_they_look_and_come_before_the_codecs_form(tmp_path):
    """Negate of what one sees, of linear pictures, too; and the size may be odd."""
    result = film(tmp_path, "exr", "h264", "o.mp4", ("-vf", "negate,scale=33:-1"))
    video = probe_video(result.path)
    assert (video.width, video.height, video.pixel_format) == (34, 20, "yuv420p")
    rows = decoded(result.path)[0]
    assert rows[4][20][0] == pytest.approx(1 - grey(1, 40), abs=0.06)
    assert "bt709" in tags(result.path)["line"]


def test_a_chain_that_makes_colours_has_the_last_word(tmp_path):
    chain = "zscale=tin=iec61966-2-1:pin=709:min=gbr:t=linear:p=709:npl=100,format=gbrpf32le"
    chain += ",zscale=p=2020:t=smpte2084:m=2020_ncl:r=limited"
    args = ("-vf", chain, "-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084", "-color_primaries", "bt2020")
    result = film(tmp_path, "png16", "h265", "o.mp4", (*args, "-colorspace", "bt2020nc"))
    assert "bt2020nc/bt2020/smpte2084" in tags(result.path)["line"]


def test_a_rate_of_the_users_replaces_ours(tmp_path):
    small = film(tmp_path, "png8", "h264", "a.mp4", ("-crf", "45")).path.stat().st_size
    usual = film(tmp_path, "png8", "h264", "b.mp4").path.stat().st_size
    assert small < usual
    rated = film(tmp_path, "png8", "h264", "c.mp4", ("-b:v", "20k")).path
    assert b"rc=abr" in rated.read_bytes(), "libx264 would heed our -crf rather than -b:v"
