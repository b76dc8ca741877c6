"""Reading a video's parameters, counting its frames, exact frame rates, H.265 setups."""

from __future__ import annotations

from fractions import Fraction

import pytest

from renderjob.media import MediaError, count_frames, frame_rate, probe_video, run_ffmpeg
from renderjob.media.compatible import difference


def test_the_parameters_of_a_video_with_sound(tmp_path, clip):
    silent = clip(tmp_path / "s.mov", 0, 6, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-profile:v", "main")
    path = tmp_path / "v.mov"
    sound = ["-i", str(silent), "-f", "lavfi", "-i", "sine=r=44100", "-c:v", "copy", "-c:a", "pcm_s16le"]
    run_ffmpeg([*sound, "-shortest", str(path)])
    video = probe_video(path)
    assert (video.codec, video.profile, video.width, video.height) == ("h264", "Main", 32, 24)
    assert (video.pixel_format, video.average_rate, video.time_base) == ("yuv420p", 24, Fraction(1, 12288))
    assert video.extradata
    (audio,) = video.audio
    assert (audio.codec, audio.rate, audio.layout) == ("pcm_s16le", 44100, "mono")
    assert count_frames(path) == 6


def test_frames_outside_the_edit_list_are_not_counted(tmp_path, clip):
    long = clip(tmp_path / "a.mp4", 0, 24, "-c:v", "libx264", "-g", "24", "-bf", "0", "-pix_fmt", "yuv420p")
    run_ffmpeg(["-ss", "0.5", "-i", str(long), "-c", "copy", str(tmp_path / "cut.mp4")])
    assert count_frames(tmp_path / "cut.mp4") == 12


@pytest.mark.parametrize("content", [None, b"", b"not a video at all"])
def test_what_is_no_video_is_an_error_with_its_name(tmp_path, content):
    path = tmp_path / "it's.mov"
    if content is not None:
        path.write_bytes(content)
    for read in (probe_video, count_frames):
        with pytest.raises(MediaError, match=r"it's\.mov cannot be read"):
            read(path)


def test_sound_alone_is_no_video(tmp_path):
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=0.1", str(tmp_path / "a.wav")])
    with pytest.raises(MediaError, match=r"a\.wav has no video"):
        count_frames(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (24, Fraction(24)),
        ("25", Fraction(25)),
        (23.976, Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        (12.5, Fraction(25, 2)),
        ("1/2", Fraction(1, 2)),
        (Fraction(48), Fraction(48)),
    ],
)
def test_frame_rates_are_exact(given, rate):
    assert frame_rate(given) == rate


def test_h265_parts_from_nodes_with_other_cores_have_the_same_setup(tmp_path, clip):
    def part(name, parameters):
        options = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", f"log-level=error:{parameters}")
        return probe_video(clip(tmp_path / name, 0, 2, *options))

    one, two = part("a.mp4", "frame-threads=1"), part("b.mp4", "frame-threads=2")
    assert one.extradata != two.extradata
    assert difference(one, two) is None
    other = part("c.mp4", "frame-threads=1:ref=1:bframes=0:wpp=0:sao=0")
    found = difference(one, other)
    assert found is not None and found[0] == "extradata"
