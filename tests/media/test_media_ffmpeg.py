"""Finding and running ffmpeg."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from renderjob.media import FFmpegNotFoundError, MergeError, find_ffmpeg, run_ffmpeg
from renderjob.media.ffmpeg import KEPT_CHARACTERS, KEPT_LINES


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_variable_wins_over_the_path(tmp_path, monkeypatch):
    script(tmp_path / "ffmpeg", "")
    mine = script(tmp_path / "mine", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("RENDERJOB_FFMPEG", str(mine))
    assert find_ffmpeg() == mine
    monkeypatch.delenv("RENDERJOB_FFMPEG")
    assert find_ffmpeg() == tmp_path / "ffmpeg"


def test_without_one_on_the_path_the_bundled_one_is_used(tmp_path, monkeypatch):
    monkeypatch.delenv("RENDERJOB_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    assert find_ffmpeg() == Path(imageio_ffmpeg.get_ffmpeg_exe())


def test_no_ffmpeg_at_all_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delenv("RENDERJOB_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(FFmpegNotFoundError, match=r"install ffmpeg .*imageio-ffmpeg.*RENDERJOB_FFMPEG"):
        find_ffmpeg()


def test_a_variable_that_names_nothing_is_an_error_and_not_ignored(tmp_path, monkeypatch):
    monkeypatch.setenv("RENDERJOB_FFMPEG", str(tmp_path / "gone"))
    with pytest.raises(FFmpegNotFoundError, match=r"RENDERJOB_FFMPEG=.*gone"):
        find_ffmpeg()


def test_a_failure_ends_with_ffmpegs_own_words(tmp_path):
    with pytest.raises(MergeError, match=r"(?s)exit code \d+.*no\.mov.*No such file"):
        run_ffmpeg(["-i", str(tmp_path / "no.mov"), str(tmp_path / "out.mov")])


def test_what_a_failing_ffmpeg_says_is_bounded(tmp_path, monkeypatch):
    text = "import sys\nfor n in range(20000): print('[error] ', n, 'x' * 500, file=sys.stderr)\nsys.exit(3)"
    monkeypatch.setenv("RENDERJOB_FFMPEG", str(script(tmp_path / "loud", text)))
    with pytest.raises(MergeError) as caught:
        run_ffmpeg([])
    assert "19999" in str(caught.value)
    assert len(str(caught.value)) < (KEPT_LINES + 1) * (KEPT_CHARACTERS + 10)


def test_progress_counts_frames_up_to_the_last(tmp_path):
    seen = []
    run_ffmpeg(
        ["-f", "lavfi", "-i", "nullsrc=s=16x16", "-frames:v", "50", str(tmp_path / "a.mkv")],
        on_progress=seen.append,
    )
    assert seen[-1] == 50
    assert seen == sorted(seen)


def test_an_exception_from_progress_ends_ffmpeg(tmp_path):
    class StopError(Exception):
        pass

    def stop(_):
        raise StopError

    # Endless: only the exception can end it.
    with pytest.raises(StopError):
        run_ffmpeg(["-f", "lavfi", "-re", "-i", "nullsrc=s=16x16", str(tmp_path / "a.mkv")], on_progress=stop)


def test_an_ffmpeg_that_is_killed_says_by_what(tmp_path, monkeypatch):
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setenv("RENDERJOB_FFMPEG", str(script(tmp_path / "killed", text)))
    with pytest.raises(MergeError, match="was ended by SIGKILL"):
        run_ffmpeg([])
