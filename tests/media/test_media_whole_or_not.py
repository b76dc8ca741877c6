"""A merge that fails or is interrupted leaves what was there, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import renderjob
from renderjob.frames import FilePattern
from renderjob.media import MergeError, MergeRequest, concat_videos, frame_hashes, merge, merge_sequence
from renderjob.media.target import PREFIX, replacing

PATTERN = FilePattern("####.png")


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_result_shorter_than_asked_is_refused_and_the_old_one_stays(tmp_path, picture_files, frames, clip):
    picture_files(tmp_path, PATTERN, range(1, 6))
    old = tmp_path / "out.mkv"
    old.write_bytes(b"yesterday's")
    before = names(tmp_path)
    cut = ("-bsf:v", r"noise=drop=gte(n\,2)")
    with pytest.raises(MergeError, match=r"out\.mkv would have \d frames where 5 were asked for"):
        merge_sequence(
            tmp_path,
            PATTERN,
            frames("1-5"),
            old,
            codec="ffv1",
            extra_args=cut,
        )
    assert old.read_bytes() == b"yesterday's"
    assert names(tmp_path) == before


def test_parts_that_are_short_together_are_refused(tmp_path, clip):
    parts = [clip(tmp_path / f"{start}.mkv", start, 2) for start in (0, 2)]
    with pytest.raises(MergeError, match="2 chunks have 4 frames together where 5 were asked for"):
        concat_videos(parts, tmp_path / "out.mkv", expected_frames=5)
    assert names(tmp_path) == ["0.mkv", "2.mkv"]


def test_a_failing_ffmpeg_leaves_nothing_behind(tmp_path, clip):
    parts = [clip(tmp_path / f"{start}.mkv", start, 2) for start in (0, 2)]
    (tmp_path / "out.mkv").write_bytes(b"yesterday's")
    with pytest.raises(MergeError, match="exit code"):
        concat_videos(parts, tmp_path / "out.mkv", extra_args=["-no_such_option", "1"])
    assert names(tmp_path) == ["0.mkv", "2.mkv", "out.mkv"]
    assert (tmp_path / "out.mkv").read_bytes() == b"yesterday's"


@pytest.mark.parametrize("exception", [KeyboardInterrupt, BrokenPipeError])
def test_an_interrupted_merge_leaves_no_half_file(tmp_path, picture_files, frames, exception):
    picture_files(tmp_path, PATTERN, range(1, 4))
    before = names(tmp_path)

    def interrupt(_):
        raise exception

    with pytest.raises(exception):
        merge_sequence(tmp_path, PATTERN, frames("1-3"), tmp_path / "out.mp4", on_progress=interrupt)
    assert names(tmp_path) == before


def test_sigterm_during_a_merge_leaves_no_half_file(tmp_path, picture_files):
    picture_files(tmp_path, PATTERN, range(1, 4))
    before = names(tmp_path)
    program = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from renderjob.frames import FilePattern, FrameSet
        from renderjob.media import merge_sequence
        here = Path(sys.argv[1])
        def terminated(_):
            print(*[name for name in os.listdir(here) if name.startswith(".")], flush=True)
            os.kill(os.getpid(), signal.SIGTERM)
        frames = FrameSet.parse("1-3")
        merge_sequence(here, FilePattern("####.png"), frames, here / "o.mp4", on_progress=terminated)
    """)
    source = str(Path(renderjob.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 143, done.stderr
    assert done.stdout.startswith(PREFIX)
    assert names(tmp_path) == before


def test_what_a_killed_merge_left_is_removed_by_the_next_one_but_no_running_one(tmp_path):
    target = tmp_path / "out.mkv"
    with replacing(target) as first:
        first.write_bytes(b"1")
        with replacing(target) as second:
            second.write_bytes(b"2")
        assert first.exists()
        os.utime(first, (1, 1))
        with replacing(target) as third:
            assert not first.exists()
            third.write_bytes(b"3")
        first.write_bytes(b"1")
    assert target.read_bytes() == b"1"
    assert names(tmp_path) == ["out.mkv"]


def test_a_target_directory_is_made_and_a_hopeless_one_is_named(tmp_path):
    with replacing(tmp_path / "a" / "b" / "out.mkv") as temporary:
        temporary.write_bytes(b"x")
    assert (tmp_path / "a" / "b" / "out.mkv").exists()
    (tmp_path / "file").touch()
    with (
        pytest.raises(MergeError, match=r"out\.mkv could not be written"),
        replacing(tmp_path / "file" / "out.mkv"),
    ):
        pass


def test_a_request_with_parts_joins_them_and_one_without_reads_the_sequence(
    tmp_path, clip, picture_files, frames
):
    clip(tmp_path / "a.mkv", 0, 2)
    clip(tmp_path / "b.mkv", 2, 2)
    joined = merge(MergeRequest(tmp_path, "sub/out.mkv", parts=("a.mkv", "b.mkv"), codec="copy"))
    assert joined.path == tmp_path / "sub" / "out.mkv"
    assert len(frame_hashes(joined.path)) == 4
    picture_files(tmp_path, PATTERN, (1, 3))
    request = MergeRequest(
        tmp_path,
        "seq.mp4",
        pattern=PATTERN,
        frames=frames("1-3"),
        failed=frames("2"),
        extra_args=("-qp", "0"),
    )
    sequence = merge(request)
    first, held, last = frame_hashes(sequence.path)
    assert first == held != last
    with pytest.raises(MergeError, match=r"output\.file"):
        merge(MergeRequest(tmp_path, "out.mkv", frames=frames("1-3")))
