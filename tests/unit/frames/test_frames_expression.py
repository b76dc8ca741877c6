"""parse_expression: fileseq's frame language, and what is refused in it."""

import tracemalloc

import fileseq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.frames import FrameExpressionError, FrameSet, parse_expression

_number = st.integers(-60, 60)
_parts = st.builds(str, _number) | st.builds(
    "{}-{}{}".format,
    _number,
    _number,
    st.just("") | st.builds("{}{}".format, st.sampled_from("xy:"), st.integers(1, 12)),
)


@given(st.lists(_parts, min_size=1, max_size=4))
def test_an_expression_names_the_frames_that_fileseq_finds_in_it(parts):
    text = ",".join(parts)
    expected = [int(frame) for frame in fileseq.FrameSet(text)]
    if expected:
        assert parse_expression(text) == FrameSet(expected)
    else:
        with pytest.raises(FrameExpressionError, match="names no frame"):
            parse_expression(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1-10", "1-10"),
        ("1-100x2", "1-99x2"),
        ("1-10,20", "1-10,20"),
        ("-5-5", "-5-5"),
        ("-1--5", "-5--1"),
        ("100-1", "1-100"),
        ("10-1x3", "1-10x3"),
        ("10-1x-3", "1-10x3"),
        ("1-10y3", "2-3,5-6,8-9"),
        ("1-100:5", "1-100"),
        (" 1 - 10 ,\n 20 ", "1-10,20"),
        ("0001-0010", "1-10"),
        ("-2147483648,2147483647", "-2147483648,2147483647"),
    ],
)
def test_an_expression_is_read_as(text, canonical):
    assert str(parse_expression(text)) == canonical


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expression is empty"),
        ("  \n", "expression is empty"),
        ("1,,2", "part 2 .* is empty"),
        ("1-10,", "part 2 .* is empty"),
        ("1-5,abc,9", "'abc' is not a frame"),
        ("+5", "'\\+5' is not a frame"),
        ("1-", "'1-' is not a frame"),
        ("1-5 6", "'1-5 6' is not a frame"),
        ("１-５", "is not a frame"),
        ("1.5", "'1.5' has subframes"),
        ("1-10x0.5", "'1-10x0.5' has subframes"),
        ("1-5@@", "padding character '@'"),
        ("1-5#", "padding character '#'"),
        ("1-5%04d", "padding character '%'"),
        ("1-10x0", "step 0"),
        ("1-10x-2", "step -2"),
        ("1-10y1", "names no frame"),
        ("2147483648", "frame 2147483648 in .* is out of range"),
        ("-2147483649", "frame -2147483649 in .* is out of range"),
        ("1-9999999999y1", "out of range"),
        ("9" * 5000, "out of range"),
        ("1-1000001", "names 1000001 frames, but at most 1000000 "),
        ("1-1000000000000", "names 1000000000000 frames, but at most 1000000 "),
        ("1-9999999999x1", "names 9999999999 frames"),
        ("1-9999999999:3", "names 9999999999 frames"),
        ("1-4000000y2", "names 2000000 frames"),
        ("1-600000,500001-1100000", "names 1100000 frames"),
        ("1-600000,700001-1300000,9", "names at least 1200000 frames"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence_of_our_own(text, said):
    with pytest.raises(FrameExpressionError, match=said) as refused:
        parse_expression(text)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert len(sentence) < 250
    assert "fileseq" not in sentence
    assert r"\d" not in sentence
    assert isinstance(refused.value, ValueError)


@given(st.text(alphabet="0123456789-,xy:. @#%ab\n", max_size=20) | st.text(max_size=12))
def test_any_text_is_either_read_or_refused(text):
    try:
        frames = parse_expression(text)
    except FrameExpressionError as refused:
        assert refused.__cause__ is None
    else:
        assert FrameSet.parse(str(frames)) == frames


def test_the_bound_counts_each_frame_once():
    assert len(parse_expression("1-10,1-10,5-10", max_frames=10)) == 10
    with pytest.raises(FrameExpressionError, match="names 11 frames, but at most 10"):
        parse_expression("1-11", max_frames=10)


def test_a_refused_expression_is_not_built():
    with pytest.raises(FrameExpressionError):
        parse_expression("1.5")  # fileseq is imported now
    tracemalloc.start()
    try:
        with pytest.raises(FrameExpressionError):
            parse_expression("1-2000000000x3,1-9999999999999")
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_a_million_frames_are_parsed_subtracted_and_printed():
    frames = parse_expression("1-2000000x2")
    assert str(frames - parse_expression("1-1000000")) == "1000001-1999999x2"


def test_many_parts_are_united_together_and_counted_as_one_set() -> None:
    frames = range(1, 20_000, 3)
    text = ",".join(f"{frame}" for frame in reversed(frames))
    assert parse_expression(text) == FrameSet(frames)
    assert parse_expression(f"{text},{text}") == FrameSet(frames)
    with pytest.raises(FrameExpressionError, match="names 6667 frames, but at most 6666"):
        parse_expression(text, 6666)
