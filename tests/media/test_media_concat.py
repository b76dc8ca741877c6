"""Chunk videos into one video."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import pytest

from renderjob.frames import FrameSet
from renderjob.media import (
    BadInputsError,
    MergeError,
    concat_videos,
    count_frames,
    frame_hashes,
    probe_video,
    run_ffmpeg,
)
from renderjob.media.concat import MAX_DIFFERENT_PARTS

H264 = ("-c:v", "libx264", "-qp", "0", "-bf", "0", "-g", "4", "-pix_fmt", "yuv420p")


def presentation_times(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = stream.time_base
        return sorted(packet.pts * base for packet in container.demux(stream) if packet.size)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mkv", ()),
        (".mp4", H264),
        (".mov", ("-c:v", "libx264", "-crf", "20", "-bf", "3", "-pix_fmt", "yuv420p")),
        (".mov", ("-c:v", "prores_ks")),
    ],
)
def test_stitched_parts_are_the_video_rendered_in_one_piece(tmp_path, clip, suffix, options):
    bounds = [(0, 7), (7, 1), (8, 12), (20, 4)]
    parts = [clip(tmp_path / f"{start}{suffix}", start, count, *options) for start, count in bounds]
    whole = clip(tmp_path / f"whole{suffix}", 0, 24, *options)
    before = [part.read_bytes() for part in parts]
    result = concat_videos(parts, tmp_path / f"out{suffix}")
    assert (result.frames, result.seconds) == (24, 1.0)
    lossy = "-crf" in options
    expected = [each for part in parts for each in frame_hashes(part)] if lossy else frame_hashes(whole)
    assert frame_hashes(result.path) == expected
    assert len(set(expected)) == 24
    times = presentation_times(result.path)
    tick = Fraction(1, 1000) if suffix == ".mkv" else Fraction(1, 12288)
    assert all(abs(b - a - Fraction(1, 24)) <= tick for a, b in pairwise(times))
    assert times[0] == 0
    assert [part.read_bytes() for part in parts] == before


@pytest.mark.parametrize("name", ["it's", "a  b", "%03d", "back\\slash", "new\nline", "grün", "-i", "'\\''"])
@pytest.mark.parametrize("codec", ["copy", "ffv1"])
def test_no_name_breaks_the_list(tmp_path, clip, name, codec):
    directory = tmp_path / name
    directory.mkdir()
    parts = [clip(directory / f"{name}{start}.mkv", start, 2) for start in (0, 2)]
    result = concat_videos(parts, directory / f"{name}.mkv", codec=codec)
    assert frame_hashes(result.path) == [each for part in parts for each in frame_hashes(part)]


@pytest.mark.parametrize(
    ("field", "values", "size", "options"),
    [
        ("pixel_format", "yuv420p in a.mp4 and yuv444p in c.mp4", "32x24", (*H264, "-pix_fmt", "yuv444p")),
        ("width", "32 in a.mp4 and 64 in c.mp4", "64x24", H264),
        ("height", "24 in a.mp4 and 48 in c.mp4", "32x48", H264),
        ("time_base", "1/12288 in a.mp4 and 1/90000 in", "32x24", (*H264, "-video_track_timescale", "90000")),
        ("codec", "h264 in a.mp4 and mpeg4 in c.mp4", "32x24", ("-c:v", "mpeg4", "-pix_fmt", "yuv420p")),
        ("extradata", "SHA-256", "32x24", (*H264, "-x264-params", "cabac=0")),
        ("sample_aspect_ratio", "", "32x24", (*H264, "-aspect", "2:1")),
        ("audio", "none in a.mp4 and aac", "32x24", (*H264, "AUDIO")),
    ],
)
def test_a_part_of_another_form_is_refused_with_the_field_and_both_parts(
    tmp_path, clip, field, values, size, options
):
    parts = [clip(tmp_path / f"{name}.mp4", 0, 2, *H264) for name in "ab"]
    if options[-1] == "AUDIO":
        odd = tmp_path / "c.mp4"
        sound = ["-f", "lavfi", "-i", "sine=d=0.1", "-i", str(parts[0]), "-c:v", "copy", "-c:a", "aac"]
        run_ffmpeg([*sound, str(odd)])
    else:
        odd = clip(tmp_path / "c.mp4", 0, 2, *options, size=size)
    with pytest.raises(MergeError, match=rf"a\.mp4 and c\.mp4 cannot.*{field} is .*codec to h264") as caught:
        concat_videos([*parts, odd], tmp_path / "out.mp4")
    assert values in str(caught.value)
    assert not (tmp_path / "out.mp4").exists()


def test_parts_of_another_form_are_joined_by_encoding(tmp_path, clip):
    parts = [
        clip(tmp_path / "a.mkv", 0, 3),
        clip(tmp_path / "b.mp4", 3, 3, *H264, size="64x40"),
        clip(tmp_path / "c.mkv", 6, 3, "-c:v", "ffv1", "-pix_fmt", "yuv444p"),
    ]
    result = concat_videos(parts, tmp_path / "out.mp4", codec="h264")
    video = probe_video(result.path)
    assert (result.frames, video.codec, video.width, video.height) == (9, "h264", 32, 24)
    assert video.average_rate == 24


def test_encoding_again_keeps_every_frame_in_order(tmp_path, clip):
    parts = [clip(tmp_path / f"{start}.mov", start, 5, *H264) for start in (0, 5)]
    whole = clip(tmp_path / "whole.mkv", 0, 10, "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    result = concat_videos(parts, tmp_path / "out.mkv", codec="ffv1", fps="30000/1001")
    assert frame_hashes(result.path) == frame_hashes(whole)
    assert probe_video(result.path).average_rate == Fraction(30000, 1001)


def test_a_copy_does_not_change_the_frame_rate(tmp_path, clip):
    part = clip(tmp_path / "a.mkv", 0, 2)
    assert concat_videos([part], tmp_path / "out.mkv", fps=24).frames == 2
    with pytest.raises(MergeError, match="fps is 25 but the chunks play at 24"):
        concat_videos([part], tmp_path / "out.mkv", fps=25)


def with_sound(video, target, codec):
    sound = [
        "-i",
        str(video),
        "-f",
        "lavfi",
        "-i",
        "sine=r=48000",
        "-c:v",
        "copy",
        "-c:a",
        codec,
        "-shortest",
    ]
    run_ffmpeg([*sound, "-t", "0.5", str(target)])
    return target


def test_pcm_audio_is_copied_and_compressed_audio_is_not(tmp_path, clip):
    silent = [clip(tmp_path / f"s{start}.mov", start, 12, *H264) for start in (0, 12)]
    good = [with_sound(each, tmp_path / f"pcm{each.name}", "pcm_s16le") for each in silent]
    result = concat_videos(good, tmp_path / "out.mov")
    assert result.frames == 24
    with av.open(str(result.path)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 48000
    clicking = [with_sound(each, tmp_path / f"aac{each.name}", "aac") for each in silent]
    with pytest.raises(MergeError, match=r"aacs0\.mov has aac audio.*PCM"):
        concat_videos(clicking, tmp_path / "out2.mov")
    encoded = concat_videos(clicking, tmp_path / "out2.mov", codec="h264")
    assert encoded.frames == 24
    assert len(probe_video(encoded.path).audio) == 1


def test_many_parts_do_not_drift(tmp_path, clip):
    part = clip(tmp_path / "a.mp4", 0, 7, *H264, "-r", "24000/1001")
    count = count_frames(part)
    parts = [part] * (MAX_DIFFERENT_PARTS + 50)
    result = concat_videos(parts, tmp_path / "out.mp4")
    assert result.frames == count * len(parts)
    last = presentation_times(result.path)[-1]
    assert abs(last - (result.frames - 1) * Fraction(1001, 24000)) <= Fraction(2, 24000)


def test_no_parts_a_missing_part_and_a_part_as_target_are_refused(tmp_path, clip):
    part = clip(tmp_path / "a.mkv", 0, 2)
    with pytest.raises(MergeError, match="no chunk video"):
        concat_videos([], tmp_path / "out.mkv")
    with pytest.raises(MergeError, match=r"a\.mkv is one of the chunks"):
        concat_videos([part], part)
    with pytest.raises(Exception, match=r"gone\.mkv cannot be read"):
        concat_videos([part, tmp_path / "gone.mkv"], tmp_path / "out.mkv")
    assert count_frames(part) == 2


@pytest.mark.parametrize("sound", [0.52, 0.47])
def test_sound_that_is_not_as_long_as_its_pictures_does_not_drift(tmp_path, clip, sound):
    parts = []
    for start in (0, 12, 24):
        silent = clip(tmp_path / f"s{start}.mov", start, 12, *H264)
        parts.append(tmp_path / f"{start}.mov")
        tone = ["-i", str(silent), "-f", "lavfi", "-i", f"sine=r=48000:d={sound}", "-c:v", "copy"]
        run_ffmpeg([*tone, "-c:a", "pcm_s16le", str(parts[-1])])
    with pytest.raises(MergeError, match=rf"0\.mov has {sound}\d* s of sound to 0\.5000 s of pictures.*h264"):
        concat_videos(parts, tmp_path / "out.mov")
    result = concat_videos(parts, tmp_path / "out.mov", codec="h264")
    assert presentation_times(result.path) == [Fraction(frame, 24) for frame in range(36)]
    with av.open(str(result.path)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 3 * 24000


def test_only_the_last_parts_sound_may_end_when_it_likes(tmp_path, clip):
    parts = [with_sound(clip(tmp_path / "s.mov", 0, 12, *H264), tmp_path / "a.mov", "pcm_s16le")]
    parts.append(tmp_path / "b.mov")
    tone = ["-i", str(tmp_path / "s.mov"), "-f", "lavfi", "-i", "sine=r=48000:d=0.4", "-c:v", "copy"]
    run_ffmpeg([*tone, "-c:a", "pcm_s16le", str(parts[-1])])
    assert concat_videos(parts, tmp_path / "out.mov").frames == 24


def test_a_sounds_rounding_does_not_move_the_next_parts_frames(tmp_path, clip):
    parts = []
    for start in range(0, 48, 12):
        silent = clip(tmp_path / f"s{start}.mov", start, 12, *H264)
        parts.append(tmp_path / f"{start}.mov")
        tone = ["-i", str(silent), "-f", "lavfi", "-i", "sine=r=48000:d=0.5008", "-c:v", "copy"]
        run_ffmpeg([*tone, "-c:a", "pcm_s16le", str(parts[-1])])
    result = concat_videos(parts, tmp_path / "out.mov")
    assert presentation_times(result.path) == [Fraction(frame, 24) for frame in range(48)]


def test_a_part_that_hides_frames_is_refused_as_it_is_and_joined_when_encoded(tmp_path, clip):
    """Cut without encoding, a part begins before what it shows: an edit list hides the rest."""
    options = ("-c:v", "libx264", "-g", "24", "-bf", "2", "-pix_fmt", "yuv420p")
    whole = clip(tmp_path / "whole.mp4", 0, 24, *options)
    cut = tmp_path / "cut.mp4"
    run_ffmpeg(["-ss", "0.25", "-i", str(whole), "-c", "copy", str(cut)])
    shown = count_frames(cut)
    assert shown < 24
    for parts in ([cut, whole], [whole, cut]):
        with pytest.raises(
            MergeError, match=r"cut\.mp4 holds \d+ frames that it does not show.*codec to h264"
        ):
            concat_videos(parts, tmp_path / "out.mp4")
        assert not (tmp_path / "out.mp4").exists()
    result = concat_videos([cut, whole], tmp_path / "out.mkv", codec="ffv1")
    assert frame_hashes(result.path) == frame_hashes(cut) + frame_hashes(whole)
    times = presentation_times(result.path)
    assert all(abs(b - a - Fraction(1, 24)) <= Fraction(1, 1000) for a, b in pairwise(times))


def uneven(path, start, frames, *options):
    """A video of which each frame is shown for another time."""
    times = f"settb=1/24000,setpts='{start}+N*1000+N*N*40'"
    made = ["-f", "lavfi", "-i", f"testsrc=s=32x24:r=24,{times}", "-frames:v", str(frames)]
    run_ffmpeg([*made, "-fps_mode", "vfr", "-video_track_timescale", "24000", *options, str(path)])
    return path


@pytest.mark.parametrize("bframes", ["0", "2"])
def test_frames_of_uneven_length_keep_their_times_in_a_copy(tmp_path, bframes):
    options = (
        "-c:v",
        "libx264",
        "-g",
        "50",
        "-bf",
        bframes,
        "-pix_fmt",
        "yuv420p",
        "-enc_time_base",
        "1/24000",
    )
    parts = [uneven(tmp_path / f"{name}.mp4", 0, 10, *options) for name in "ab"]
    one = presentation_times(parts[0])
    steps = [b - a for a, b in pairwise(one)]
    assert len(set(steps)) > 5
    try:
        result = concat_videos(parts, tmp_path / "out.mp4")
    except MergeError as error:
        assert "it was not kept" in str(error)
        assert bframes != "0"
        return
    times = presentation_times(result.path)
    tick = Fraction(1, 12000)
    joined = [b - a for a, b in pairwise(times)]
    assert all(abs(a - b) <= tick for a, b in zip(joined[:9], steps, strict=True))
    assert all(abs(a - b) <= tick for a, b in zip(joined[10:], steps, strict=True))


def test_a_copy_with_uneven_frames_stored_out_of_order_is_decoded_in_steps_forward(tmp_path, clip):
    """A part's first decoding time lies before the last of the part before."""
    uneven = ["-vf", "settb=1/1000,setpts='(N+0.4*mod(N,3))*40'", "-fps_mode", "passthrough"]
    uneven += [
        "-enc_time_base",
        "1/1000",
        "-c:v",
        "libx264",
        "-bf",
        "3",
        "-b_strategy",
        "2",
        "-pix_fmt",
        "yuv420p",
    ]
    parts = [clip(tmp_path / f"{start}.mp4", start, 20, *uneven) for start in (0, 20, 40)]
    made = concat_videos(parts, tmp_path / "o.mp4").path
    assert frame_hashes(made) == [each for part in parts for each in frame_hashes(part)]
    steps = [b - a for a, b in pairwise(presentation_times(made))]
    own = [b - a for a, b in pairwise(presentation_times(parts[0]))]
    assert all(abs(a - b) < Fraction(2, 1000) for a, b in zip(steps[20:39], own, strict=True))


def test_uneven_frames_that_are_encoded_again_are_told_of(tmp_path, clip):
    uneven = [
        "-vf",
        "settb=1/1000,setpts='(N+0.4*mod(N,3))*40'",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/1000",
    ]
    part = clip(tmp_path / "a.mp4", 0, 9, *uneven, *H264)
    assert "not all shown equally long" in " ".join(
        concat_videos([part], tmp_path / "o.mp4", codec="h264").notes
    )


@pytest.mark.parametrize("codec", ["h264", "copy"])
def test_sound_that_is_not_wanted_is_left_out(tmp_path, clip, codec):
    parts = []
    for start in (0, 12):
        silent, sounding = clip(tmp_path / f"{start}.mov", start, 12, *H264), tmp_path / f"{start}.mp4"
        sound = ["-f", "lavfi", "-i", "sine=440:r=48000", "-t", "0.5", "-c:v", "copy", "-c:a", "aac"]
        run_ffmpeg(["-i", str(silent), *sound, str(sounding)])
        parts.append(sounding)
    assert probe_video(parts[0]).audio
    made = concat_videos(parts, tmp_path / "o.mp4", codec=codec, extra_args=("-an",))
    assert made.frames == 24
    assert not probe_video(made.path).audio


def test_sound_that_begins_late_is_refused_as_it_is(tmp_path, clip):
    parts = []
    for start in (0, 12):
        silent = clip(tmp_path / f"s{start}.mov", start, 12, *H264)
        parts.append(tmp_path / f"{start}.mov")
        late = [
            "-i",
            str(silent),
            "-itsoffset",
            "0.1",
            "-f",
            "lavfi",
            "-i",
            "sine=r=48000:d=0.4",
            "-c:v",
            "copy",
        ]
        run_ffmpeg([*late, "-c:a", "pcm_s16le", str(parts[-1])])
    with pytest.raises(MergeError, match=r"0\.mov (begins its sound|has 0\.\d+ s of sound)"):
        concat_videos(parts, tmp_path / "out.mov")


def frames_of(*texts):
    return [FrameSet.parse(text) for text in texts]


def test_all_bad_parts_are_named_at_once_by_their_frames(tmp_path, clip):
    parts = [clip(tmp_path / f"{start}.mkv", start, 4) for start in (0, 4, 8, 12)]
    parts[1].write_bytes(b"no video")
    clip(parts[3], 12, 2)
    with pytest.raises(BadInputsError, match=r"2 of 4 chunk videos can't be merged") as caught:
        concat_videos(parts, tmp_path / "out.mkv", part_frames=frames_of("1-4", "5-8", "9-12", "13-16"))
    assert str(caught.value.frames) == "5-8,13-16"
    assert "4.mkv cannot be read" in str(caught.value)
    assert "12.mkv has 2 frames where 4 were asked for" in str(caught.value)


def test_parts_that_never_have_a_frame_for_each_of_the_render_are_no_fault(tmp_path, clip):
    parts = [clip(tmp_path / f"{start}.mkv", start, 4) for start in (0, 4)]
    assert concat_videos(parts, tmp_path / "out.mkv", part_frames=frames_of("1-10", "11-20")).frames == 8


def test_a_part_whose_middle_is_damaged_is_found_by_decoding(tmp_path, clip):
    parts = [clip(tmp_path / f"{start}.mkv", start, 12) for start in (0, 12)]
    data = bytearray(parts[1].read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    parts[1].write_bytes(data)
    with pytest.raises(BadInputsError) as caught:
        concat_videos(parts, tmp_path / "out.mp4", codec="h264", part_frames=frames_of("1-12", "13-24"))
    assert str(caught.value.frames) == "13-24"


@pytest.mark.parametrize(
    ("made", "suffix", "codec", "expected"),
    [
        (
            ("-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"),
            ".mkv",
            "h265",
            "yuv420p10le",
        ),
        (
            ("-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuva444p10le"),
            ".mov",
            "prores",
            "yuva444p12le",
        ),
        (("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p"), ".webm", "prores", "yuva444p12le"),
        (("-c:v", "ffv1", "-pix_fmt", "yuv422p10le"), ".mkv", "ffv1", "yuv422p10le"),
    ],
)
def test_depth_and_alpha_of_chunk_videos_stay_when_they_are_encoded_again(
    tmp_path, clip, made, suffix, codec, expected
):
    parts = [clip(tmp_path / f"{start}{suffix}", start, 3, *made) for start in (0, 3)]
    out = tmp_path / ("out.mov" if codec == "prores" else "out.mkv")
    result = concat_videos(parts, out, codec=codec)
    assert probe_video(result.path).pixel_format == expected


def test_alpha_of_vp9_parts_stays_in_a_copy(tmp_path, clip):
    made = ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p")
    parts = [clip(tmp_path / f"{start}.webm", start, 3, *made) for start in (0, 3)]
    try:
        result = concat_videos(parts, tmp_path / "out.webm")
    except MergeError as error:
        assert "alpha" in str(error)
        return
    assert probe_video(result.path).decoder == "libvpx-vp9"


def test_a_users_filters_are_chained_into_a_merge_of_parts_with_sound(tmp_path, clip):
    silent = [clip(tmp_path / f"s{start}.mov", start, 12, *H264) for start in (0, 12)]
    parts = [with_sound(each, tmp_path / f"p{each.name}", "pcm_s16le") for each in silent]
    args = ("-vf", "scale=16:-2", "-af", "volume=0.5")
    result = concat_videos(parts, tmp_path / "out.mp4", codec="h264", extra_args=args)
    video = probe_video(result.path)
    assert (video.width, video.height, result.frames, len(video.audio)) == (16, 12, 24, 1)


@pytest.mark.parametrize("codec", ["copy", "h264"])
def test_one_part_is_enough_to_try_whether_more_can_be_joined(tmp_path, clip, codec):
    part = clip(tmp_path / "a.mp4", 0, 12, *H264)
    assert concat_videos([part], tmp_path / "out.mp4", codec=codec, trial=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4"]
    if codec == "copy":
        sound = with_sound(part, tmp_path / "b.mp4", "aac")
        with pytest.raises(MergeError, match="aac audio"):
            concat_videos([sound], tmp_path / "out.mp4", trial=True)


RED = ("color=0xC04020:s=64x36:r=24", (192, 64, 32))


@pytest.mark.parametrize(
    ("form", "codec", "out"),
    [
        (
            "out_range=pc:out_color_matrix=bt601,format=yuvj420p,setparams=colorspace=smpte170m",
            "h264",
            "o.mp4",
        ),
        ("out_range=pc:out_color_matrix=bt601,format=yuvj420p", "h265", "o.mp4"),
        (
            "out_range=tv:out_color_matrix=bt601,format=yuv420p,setparams=colorspace=smpte170m",
            "vp9",
            "o.webm",
        ),
        ("out_range=tv:out_color_matrix=bt709,format=yuv420p,setparams=colorspace=bt709", "prores", "o.mov"),
        (
            "out_color_matrix=bt2020nc,format=yuv420p10le,setparams=range=tv:colorspace=bt2020nc",
            "h265",
            "o.mkv",
        ),
        ("flags=bicubic,format=gbrp", "h264", "o.mp4"),
    ],
)
def test_colours_of_chunk_videos_look_the_same_when_they_are_encoded_again(tmp_path, form, codec, out):
    parts = [tmp_path / f"{name}.mkv" for name in "ab"]
    for part in parts:
        made = ["-f", "lavfi", "-i", RED[0], "-frames:v", "2", "-vf", f"scale={form}", "-c:v", "ffv1"]
        run_ffmpeg([*made, str(part)])
    result = concat_videos(parts, tmp_path / out, codec=codec)
    raw = tmp_path / "raw"
    run_ffmpeg(["-i", str(result.path), "-f", "rawvideo", "-pix_fmt", "rgb24", str(raw)])
    at = 3 * (64 * 18 + 32)
    assert tuple(raw.read_bytes()[at : at + 3]) == pytest.approx(RED[1], abs=4)
