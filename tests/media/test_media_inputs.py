"""Files of a hostile renderer that name other files: whatever they are called, no other file is read for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import (
    MediaError,
    MergeError,
    concat_videos,
    contact_sheet,
    count_frames,
    frame_hashes,
    merge_sequence,
    probe_video,
    run_ffmpeg,
)
from renderjob.media.inputs import FORMATS, guarded

_NAMES_OTHERS = {
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other}\n#EXT-X-ENDLIST\n",
    "a list of files": "ffconcat version 1.0\nfile {other}\n",
    "an old list of files": "file '{other}'\n",
    "manifest of DASH": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{other}</BaseURL>'
        "<SegmentBase/></Representation></AdaptationSet></Period></MPD>"
    ),
    "picture that includes pictures": (
        '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="24"><image href="{other}"/></svg>'
    ),
    "session description": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "metadata": ";FFMETADATA1\ntitle={other}\n",
}
_SUFFIXES = (".mov", ".m3u8", ".ts", ".mpd", ".ffconcat", ".svg", ".avs")


@pytest.fixture
def secret(tmp_path, clip) -> Path:
    """A video that is nobody's but another's."""
    return clip(tmp_path / "secret.ts", 0, 5, "-c:v", "mpeg2video")


def _planted(directory: Path, text: str, secret: Path, suffix: str) -> Path:
    chunk = directory / f"chunk{suffix}"
    chunk.write_text(text.format(other=secret))
    return chunk


@pytest.mark.parametrize("suffix", _SUFFIXES)
@pytest.mark.parametrize("text", _NAMES_OTHERS.values(), ids=_NAMES_OTHERS)
def test_a_file_that_names_others_is_no_video(tmp_path, secret, text, suffix):
    chunk = _planted(tmp_path, text, secret, suffix)
    for read in (probe_video, count_frames):
        with pytest.raises(MediaError, match=rf"chunk{suffix} cannot be read"):
            read(chunk)
    with pytest.raises(MergeError):
        frame_hashes(chunk)


@pytest.mark.parametrize("suffix", [".mov", ".m3u8", ".ffconcat"])
@pytest.mark.parametrize("text", [_NAMES_OTHERS["playlist"], _NAMES_OTHERS["a list of files"]])
def test_nor_is_it_merged(tmp_path, secret, text, suffix):
    chunk = _planted(tmp_path, text, secret, suffix)
    for codec in ("copy", "h264"):
        with pytest.raises(MediaError, match=rf"chunk{suffix} cannot be read"):
            concat_videos([chunk], tmp_path / "film.mkv", codec=codec)
    with pytest.raises(MediaError):
        contact_sheet(chunk, tmp_path / "sheet.png")
    assert not (tmp_path / "film.mkv").exists()


def test_nor_is_it_merged_when_it_was_a_video_while_it_was_looked_at(tmp_path, secret, clip, monkeypatch):
    """A part is exchanged between the look at it and the merge: ffmpeg itself refuses it."""
    part = tmp_path / "part.ts"
    real = run_ffmpeg

    def exchanged(*args, **kwargs):
        part.write_text(_NAMES_OTHERS["playlist"].format(other=secret))
        real(*args, **kwargs)

    monkeypatch.setattr("renderjob.media.concat.run_ffmpeg", exchanged)
    for codec in ("copy", "h264"):
        clip(part, 0, 5, "-c:v", "mpeg2video")
        with pytest.raises(MergeError):
            concat_videos([part], tmp_path / "film.mkv", codec=codec)


def test_a_frame_that_names_others_is_no_picture(tmp_path, secret, picture_files):
    pattern = FilePattern("####.png")
    picture_files(tmp_path, pattern, [1, 2])
    for text in _NAMES_OTHERS.values():
        (tmp_path / "0002.png").write_text(text.format(other=secret))
        with pytest.raises(MediaError, match=r"0002\.png"):
            merge_sequence(tmp_path, pattern, FrameSet.parse("1-2"), tmp_path / "film.mp4")
        with pytest.raises(MediaError):
            contact_sheet([tmp_path / "0001.png", tmp_path / "0002.png"], tmp_path / "sheet.png")


def test_every_input_is_held_and_what_ffmpeg_makes_itself_is_left():
    held = ["-protocol_whitelist", "file", "-format_whitelist"]
    assert guarded(["-i", "a", "-c", "copy", "b"]) == [*held, FORMATS, "-i", "a", "-c", "copy", "b"]
    assert guarded(["-f", "concat", "-i", "l", "-threads", "1", "-i", "a", "-f", "null", "-"]) == [
        *("-f", "concat", *held, f"{FORMATS},concat", "-i", "l"),
        *("-threads", "1", *held, FORMATS, "-i", "a"),
        *("-f", "null", "-"),
    ]
    assert guarded(["-f", "lavfi", "-i", "testsrc", "x"]) == ["-f", "lavfi", "-i", "testsrc", "x"]
    assert "hls" not in FORMATS.split(",") and "concat" not in FORMATS.split(",")
