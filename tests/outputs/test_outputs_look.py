"""A look at files, and an answer that fits a pod's termination message."""

from __future__ import annotations

import json
import os
import tracemalloc

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import Asked, Doubtful, look, parse_answer
from renderjob.outputs.look import MOST, Look


def test_a_file_for_each_frame(tmp_path):
    for frame in (1, 2, 4):
        (tmp_path / f"{frame:04}.png").write_text("x" * frame)
    found = look(tmp_path, Asked(FrameSet.parse("1-4"), patterns=(FilePattern("####.png"),), min_bytes=2))
    assert (str(found.present), str(found.missing)) == ("2,4", "1,3")


def test_a_file_for_all_frames_of_a_chunk(tmp_path):
    (tmp_path / "a.mov").write_text("video")
    files = [(FrameSet.parse("1-10"), "a.mov"), (FrameSet.parse("11-20"), "b.mov")]
    found = look(tmp_path, Asked(FrameSet.parse("1-20"), files=files))
    assert (str(found.present), str(found.missing)) == ("1-10", "11-20")


def test_a_directory_that_is_not_there_has_no_frame(tmp_path):
    found = look(tmp_path / "nowhere", Asked(FrameSet.parse("1-4"), patterns=(FilePattern("####.png"),)))
    assert str(found.missing) == "1-4"


def test_an_answer_says_what_was_found():
    found = Look(FrameSet.parse("1-9"), FrameSet.parse("10"))
    assert parse_answer(found.answer(), FrameSet.parse("1-10")) == found


def test_an_answer_too_long_for_a_pod_tells_of_the_first_frames():
    frames = FrameSet.parse("1-20000")
    present = FrameSet(f for f in frames if f % 7 in (0, 3))
    found = Look(present, frames - present)
    answer = found.answer()
    assert len(answer) <= MOST
    told = parse_answer(answer, frames)
    looked = told.present | told.missing
    assert len(looked) > 100
    assert looked == frames.slice(0, len(looked))
    assert told.present == present & looked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "killed",
        '{"present": 3, "missing": ""}',
        '{"present": "1-9 ", "missing": ""}',
        '{"present": "9-1", "missing": ""}',
        '{"present": "1-9x0", "missing": ""}',
        "[" * 4000,
        '{"present": "1", "missing": "' + "2," * 4000 + '3"}',
    ],
)
def test_what_is_no_answer_is_refused(text):
    with pytest.raises(ValueError, match="no answer"):
        parse_answer(text, FrameSet.parse("1-10"))


@pytest.mark.parametrize(
    "frames",
    [
        "-2147483648-2147483647",
        "-2147483648-2147483647x3",
        ",".join(f"{first}-2147483647x7" for first in range(1, 150)),
        "1-11",
        "1-9999999999",
        "9999999999",
    ],
)
def test_an_answer_of_more_frames_than_were_asked_for_is_none_and_costs_nothing(frames):
    tracemalloc.start()
    try:
        for which in ({"present": frames, "missing": ""}, {"present": "", "missing": frames}):
            with pytest.raises(ValueError, match="no answer"):
                parse_answer(json.dumps(which), FrameSet.parse("1-10"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_of_an_answer_only_what_was_asked_for_counts():
    told = parse_answer('{"present":"5-8,99","missing":"7-9"}', FrameSet.parse("1-10"))
    assert (str(told.present), str(told.missing)) == ("5-8", "9")


def test_of_an_attempt_that_died_all_files_count_but_the_last_and_older_ones(tmp_path):
    for frame, at in ((1, 900), (2, 1001), (3, 1010), (4, 1020)):
        (tmp_path / f"{frame:04}.png").write_text("x")
        os.utime(tmp_path / f"{frame:04}.png", (at, at))
    asked = FrameSet.parse("1-5")
    found = look(
        tmp_path, Asked(asked, patterns=(FilePattern("####.png"),), doubtful=[Doubtful(asked, 1000.0)])
    )
    assert (str(found.present), str(found.missing)) == ("2-3", "1,4-5")


def test_of_files_within_one_tick_of_the_clock_the_highest_frame_is_the_last(tmp_path):
    for frame, at in ((1, 1001), (2, 1010), (3, 1010), (4, 1010)):
        (tmp_path / f"{frame:04}.png").write_text("x")
        os.utime(tmp_path / f"{frame:04}.png", (at, at))
    asked = FrameSet.parse("1-5")
    found = look(
        tmp_path, Asked(asked, patterns=(FilePattern("####.png"),), doubtful=[Doubtful(asked, 1000.0)])
    )
    assert str(found.present) == "1-3"


def test_the_last_file_counts_too_when_the_log_says_that_a_later_one_was_finished(tmp_path):
    for frame, at in ((1, 1001), (2, 1010), (3, 1020), (4, 1030)):
        (tmp_path / f"{frame:04}.png").write_text("x")
        os.utime(tmp_path / f"{frame:04}.png", (at, at))
    asked, pattern = FrameSet.parse("1-5"), FilePattern("####.png")
    said = Doubtful(asked - FrameSet.parse("3"), 1000.0, finished=FrameSet.parse("3"))
    found = look(tmp_path, Asked(asked, patterns=(pattern,), doubtful=[said]))
    assert (str(found.present), str(found.missing)) == ("1-3", "4-5")
    os.utime(tmp_path / "0003.png", (500, 500))
    found = look(tmp_path, Asked(asked, patterns=(pattern,), doubtful=[said]))
    assert str(found.present) == "1-3", "a file of before says nothing, and frame 2 is older than frame 4"
