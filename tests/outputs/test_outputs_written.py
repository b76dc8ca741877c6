"""What running attempts have written so far."""

from __future__ import annotations

import json
import os

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import RunningAttempt, WrittenFiles, look_at_running, parse_written, written_answer
from renderjob.outputs.written import FILES

PATTERN = FilePattern("####.png")


def written(path, at, content=b"frame"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))


def running(id_=1, frames="1-10", own=None, since=1000):
    return RunningAttempt(id_, FrameSet.parse(frames), since, own)


def test_each_attempts_files_are_counted_and_the_newest_is_told(tmp_path):
    written(tmp_path / "0001.png", 1001)
    written(tmp_path / "0002.png", 1005)
    written(tmp_path / "0011.png", 1003)
    found = look_at_running(tmp_path, [PATTERN], [running(), running(2, "11-20"), running(3, "21-30")])
    assert found == [WrittenFiles(1, 1005, 2), WrittenFiles(2, 1003, 1)]


def test_what_is_older_than_the_attempt_is_not_its_work(tmp_path):
    written(tmp_path / "0001.png", 900)
    assert look_at_running(tmp_path, [PATTERN], [running()]) == []


def test_an_attempt_may_write_to_a_directory_of_its_own(tmp_path):
    own = tmp_path / ".renderjob" / "a-b" / "1"
    written(own / "0003.png", 500)
    assert look_at_running(tmp_path, [PATTERN], [running(own=own)]) == [WrittenFiles(1, 500, 1)]


def test_a_file_that_is_too_small_is_a_sign_of_life_alone(tmp_path):
    written(tmp_path / "0001.png", 1001, b"")
    assert look_at_running(tmp_path, [PATTERN], [running()]) == [WrittenFiles(1, 1001, 0)]


def test_of_very_many_frames_the_directory_is_read(tmp_path):
    written(tmp_path / "left" / "5000.png", 1001)
    found = look_at_running(tmp_path, [FilePattern("left/####.png")], [running(frames=f"1-{10 * FILES}")])
    assert found == [WrittenFiles(1, 1001, 1)]


def test_of_frames_with_several_files_all_are_looked_at(tmp_path):
    """The first files of a frame were written long ago; it is the last one that is a sign of life."""
    stereo = [FilePattern("left/####.png"), FilePattern("right/####.png")]
    for frame in (1, 2):
        written(tmp_path / f"left/{frame:04d}.png", 1001)
    written(tmp_path / "right/0001.png", 1009)
    assert look_at_running(tmp_path, stereo, [running()]) == [WrittenFiles(1, 1009, 1)]


def test_links_directories_and_what_is_not_there_are_nothing(tmp_path):
    (tmp_path / "0001.png").symlink_to("/etc/hostname")
    (tmp_path / "0002.png").mkdir()
    assert look_at_running(tmp_path, [PATTERN], [running()]) == []
    assert look_at_running(tmp_path / "gone", [PATTERN], [running(), running(2, f"1-{2 * FILES}")]) == []


def test_an_answer_is_read_as_it_was_given_and_fits_where_a_pod_leaves_it():
    found = [WrittenFiles(10**7 + n, 1767225600, 10_000) for n in range(128)]
    answer = written_answer(found)
    assert len(answer) < 3800
    assert parse_written(answer, {each.id for each in found}) == found
    assert parse_written(answer, {10**7}) == found[:1], "of others nothing is believed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"written": 1}',
        '{"written": [[1, 2]]}',
        '{"written": [[1, 1e999, 1]',
        "[" * 10**5,
    ],
)
def test_what_is_no_answer_is_refused(text):
    with pytest.raises(ValueError, match="no answer of a look"):
        parse_written(text, {1})


def test_numbers_that_nobody_can_reckon_with_are_left_out():
    rows = [[1, 1e300, 1], [2, -5, 1], [3, 5, -1], [4, 5, 1]]
    assert parse_written(json.dumps({"written": rows}), {1, 2, 3, 4}) == [WrittenFiles(4, 5, 1)]
