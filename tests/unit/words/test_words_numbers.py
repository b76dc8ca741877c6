"""Numbers and frames in sentences."""

from __future__ import annotations

import pytest

from renderjob.words.numbers import count, named


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [(1, "frame", "1 frame"), (0, "frame", "0 frames"), (2, "retry", "2 retries"), (2, "class", "2 classes")],
)
def test_a_noun_agrees_with_its_number(number: int, noun: str, words: str) -> None:
    assert count(number, noun) == words


@pytest.mark.parametrize(
    ("frames", "words"),
    [("7", "frame 7 is"), ("-7", "frame -7 is"), ("7-8", "frames 7-8 are"), ("7,9", "frames 7,9 are")],
)
def test_a_verb_agrees_with_the_frames(frames: str, words: str) -> None:
    assert named(frames, ("is", "are")) == words


def test_many_ranges_are_cut_short() -> None:
    assert named("1,3,5,7,9", most=4) == "frames 1,3,, …"
