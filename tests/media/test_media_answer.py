"""What a merge that failed says, where it fits."""

from __future__ import annotations

import pytest

from renderjob.frames import FrameSet
from renderjob.media import BadInputsError, FFmpegNotFoundError, MediaError, MergeAnswer, MergeError
from renderjob.media.answer import MOST, parse_merge_answer
from renderjob.media.errors import PassingError, UnsupportedError

ALL = FrameSet.parse("1-100000")


@pytest.mark.parametrize(
    ("error", "bad", "refused"),
    [
        (BadInputsError("b", FrameSet.parse("3")), "3", False),
        (MergeError("m"), "", True),
        (UnsupportedError("u"), "", True),
        (FFmpegNotFoundError("f"), "", True),
        (PassingError("p"), "", False),
        (MediaError("no temporary directory"), "", False),
    ],
)
def test_what_an_error_means(error, bad, refused):
    answer = MergeAnswer.of(error)
    assert (answer.message, str(answer.bad), answer.refused) == (str(error), bad, refused)
    assert parse_merge_answer(answer.text(), ALL) == answer


def test_an_answer_fits_however_many_frames_are_bad_and_however_long_the_words_are():
    bad = FrameSet(range(1, 100_000, 2))
    text = MergeAnswer("x" * 10_000, bad).text()
    assert len(text) <= MOST
    answer = parse_merge_answer(text, ALL)
    assert answer is not None
    assert answer.bad
    assert answer.bad <= bad
