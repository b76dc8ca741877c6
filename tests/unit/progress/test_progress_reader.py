"""How a log that comes in pieces is followed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.progress import ChunkContext, ProgressReader, Update, make_reader

MIXED = (
    b"Fra:1 Mem:1M (Peak 2M) | Time:00:00.01 | Scene, ViewLayer | Sample 1/8\r\n"
    b"Saved: '/renders/\xc3\xa9t\xc3\xa9/0001.png'\nTime: 00:02.38 (Saving: 00:00.24)\n\n"
    b"Output #0, image2, to '/renders/%04d.png':\n"
    b"frame=    2 fps=0.0 q=-0.0 size=N/A speed=7x\rframe=    3 fps=0.0 q=-0.0 size=N/A speed=7x\r"
    b"\x1b[32mopenjd_status: \xe2\x98\x83 \xff snow\x1b[0m\r\n\n  \n" + b"y" * 9000 + b"\n"
    b"openjd_progress: 90\nAppend frame 4\nopenjd_fail: the end, without a line end"
)


def state(reader):
    return (
        reader.fraction,
        reader.frames_done,
        reader.current_frame,
        reader.status,
        reader.fail,
        reader.movie,
        reader.last_line,
        reader.tail,
    )


def read(*pieces, context=None, **how):
    reader = make_reader(context or ChunkContext(1, 5, 1, 5), **how)
    told = [reader.feed(piece) for piece in pieces]
    told.append(reader.close())
    return reader, told


@given(st.lists(st.integers(0, len(MIXED)), max_size=40))
def test_where_the_log_is_cut_makes_no_difference(cuts):
    edges = [0, *sorted(cuts), len(MIXED)]
    pieces = [MIXED[a:b] for a, b in pairwise(edges)]
    pieced, told = read(*pieces)
    whole, _ = read(MIXED)
    assert state(pieced) == state(whole)
    assert any(told)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_bytes_are_an_error(pieces):
    pieced, _ = read(*pieces, pattern="(?P<status>.)(?P<done>[0-9]*)")
    whole, _ = read(b"".join(pieces), pattern="(?P<status>.)(?P<done>[0-9]*)")
    assert state(pieced) == state(whole)
    assert 0 <= pieced.fraction <= 1


def test_every_byte_by_itself_reads_the_same():
    assert state(read(*(MIXED[at : at + 1] for at in range(len(MIXED))))[0]) == state(read(MIXED)[0])


def test_the_mixed_log_is_read_by_every_parser():
    reader, _ = read(MIXED)
    assert reader.frames_done == {1, 2, 4}
    assert reader.fraction == 0.9
    assert reader.status == "☃ \ufffd snow"
    assert reader.fail == "the end, without a line end"


def test_an_unfinished_line_waits_for_its_end_or_for_close():
    reader = make_reader(ChunkContext(1, 5, 1, 5))
    assert not reader.feed(b"Append fra")
    assert reader.frames_done == set()
    assert reader.last_line == ""
    assert reader.feed(b"me 3\n")
    assert reader.frames_done == {3}
    reader.feed(b"Append frame 4 ")
    assert reader.close()
    assert reader.frames_done == {3, 4}
    assert not reader.close()
    with pytest.raises(ValueError, match="new reader"):
        reader.feed(b"x")


def test_a_last_line_that_may_be_cut_within_its_number_finishes_no_frame():
    reader = make_reader(ChunkContext(1, 20, 1, 20), None, r"done (?P<done>\d+)")
    reader.feed(b"done 11\ndone 1")  # of a renderer that was killed while it wrote "done 12"
    assert not reader.close()
    assert reader.frames_done == {11}


def test_after_a_skip_a_line_that_was_begun_is_not_joined_with_what_follows():
    reader = make_reader(ChunkContext(1, 20, 1, 20), None, r"done (?P<done>\d+)")
    reader.feed(b"done 3\ndone 1")
    reader.skip()
    reader.feed(b"2\ndone 4\n")
    assert reader.frames_done == {3, 4}


def test_feed_says_whether_anything_changed():
    _, told = read(b"openjd_progress: 50\n", b"hello\n", b"openjd_progress: 50\n", b"openjd_progress: 60\n")
    assert told == [True, False, False, True, False]


def test_a_long_status_that_comes_again_is_no_change():
    line = b"openjd_status: " + b"s" * 2000 + b"\n"
    reader, told = read(line, line)
    assert told == [True, False, False]
    assert len(reader.status) == 500


def test_the_fraction_never_falls():
    reader, _ = read(b"openjd_progress: 50\nopenjd_progress: 10\nSaved: '/renders/0001.png'\n")
    assert reader.fraction == 0.5


class Says:
    """A parser that answers every line with the same."""

    def __init__(self, update):
        self.update = update

    def feed(self, line):
        return self.update


def test_finished_frames_raise_the_fraction_and_foreign_ones_do_not():
    reader = ProgressReader(ChunkContext(1, 9, 2, 5), [Says(Update(0.1, (1, 2, 3, 11), 4))])
    reader.feed(b"x\n")
    assert reader.frames_done == {1, 3}
    assert reader.fraction == 0.4
    assert reader.current_frame is None


@pytest.mark.parametrize("fraction", [7.0, float("inf")])
def test_a_fraction_above_all_is_all(fraction):
    reader = ProgressReader(ChunkContext(1, 1), [Says(Update(fraction))])
    reader.feed(b"x\n")
    assert reader.fraction == 1


@pytest.mark.parametrize("fraction", [-7.0, float("nan")])
def test_a_fraction_that_makes_no_sense_is_passed_over(fraction):
    reader = ProgressReader(ChunkContext(1, 1), [Says(Update(fraction))])
    assert not reader.feed(b"x\n")
    assert reader.fraction == 0


def test_a_line_without_end_does_not_fill_the_memory():
    reader = make_reader(ChunkContext(1, 1))
    for _ in range(100):
        reader.feed(b"z" * 100_000)
    assert len(reader._partial) == 8192
    reader.feed(b"\nopenjd_progress: 50\n")
    assert reader.fraction == 0.5


def test_the_tail_is_the_last_twenty_lines_cut_to_size():
    reader, _ = read(b"".join(b"line %d\n\n" % n for n in range(99)) + b"w" * 3000)
    assert len(reader.tail) == 20
    assert reader.tail[0] == "line 80"
    assert reader.last_line == "w" * 500


def test_a_status_line_that_overwrites_itself_takes_one_line_of_the_tail():
    reader, _ = read(
        b"start\n" + b"".join(b"frame= %d fps=1\r" % n for n in range(50)) + b"frame= 50 fps=1\nend\n"
    )
    assert reader.tail == ["start", "frame= 50 fps=1", "end"]


def test_windows_line_ends_are_line_ends():
    assert read(b"one\r\ntwo\r", b"\nthree\r\n")[0].tail == ["one", "two", "three"]


def test_what_is_shown_has_no_control_characters():
    reader, _ = read(b"openjd_status: \x1b[31mred\x1b[0m \x07bell\n\x1b]0;title\x07text\n")
    assert reader.status == "red  bell"
    assert reader.last_line.isprintable()
