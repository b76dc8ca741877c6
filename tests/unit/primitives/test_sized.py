"""What is remembered is bounded in bytes, and a set costs what it holds."""

from __future__ import annotations

import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.api import frames_of
from renderjob.api.frames import _known
from renderjob.frames import FrameSet, parse_expression
from renderjob.primitives import SizedCache
from renderjob.primitives.sized import ENTRY


def cache(most: int) -> SizedCache[str, bytes]:
    return SizedCache(most, lambda key, value: len(key) + len(value))


def test_what_was_used_least_recently_goes_first():
    some = cache(3 * (ENTRY + 11))
    for key in "abc":
        some.put(key, b"0123456789")
    assert some.get("a") is not None
    some.put("d", b"0123456789")
    assert [key for key in "abcd" if some.get(key)] == ["a", "c", "d"]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2000)), max_size=50))
def test_it_never_holds_more_than_it_may(puts):
    some = cache(3000)
    for key, size in puts:
        assert some.put(key, bytes(size)) == bytes(size)
        assert some.nbytes <= 3000
        assert some.nbytes == sum(ENTRY + 1 + len(v) for k in "abcdef" if (v := some.get(k)) is not None)


def test_what_is_larger_than_all_of_it_is_not_kept_and_pushes_nothing_out():
    some = cache(1000)
    some.put("a", b"1")
    some.put("b", bytes(2000))
    assert some.get("b") is None
    assert some.get("a") == b"1"


def test_the_newest_may_be_kept_alone_however_large_it_is():
    some = SizedCache[str, bytes](1000, lambda _, value: len(value), newest=True)
    some.put("a", b"1")
    some.put("b", bytes(2000))
    assert some.get("a") is None
    assert some.get("b") == bytes(2000)
    some.put("c", b"1")
    assert some.get("b") is None
    assert some.nbytes == ENTRY + 1


def test_what_is_forgotten_takes_nothing():
    some = cache(1000)
    some.put("a", b"1")
    some.forget("a")
    some.forget("a")
    assert some.get("a") is None
    assert some.nbytes == 0


def test_threads_share_it():
    """Decisions that take long are made beside the event loop, by what it remembers, too."""
    some = cache(3 * (ENTRY + 11))
    keys = "abcdefgh"

    def use(seed: int) -> None:
        for turn in range(4000):
            key = keys[(turn * seed) % len(keys)]
            if some.get(key) is None:
                some.put(key, b"0123456789")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(use, seed) for seed in (1, 3, 5, 7)]:
                done.result()
    finally:
        sys.setswitchinterval(interval)
    assert some.nbytes == sum(ENTRY + 1 + len(v) for k in keys if (v := some.get(k)) is not None)


def test_expressions_of_a_million_scattered_frames_are_not_all_remembered():
    for k in range(8):
        frames_of(f"-{2147483648 - k}-2147483647x4295")
    assert _known.nbytes <= 16 << 20


@pytest.mark.parametrize(
    "text", ["1-1000000", "1-1000000x2", "0-655294464x65536", "1-100000x7,1-100000x11", "5"]
)
def test_the_memory_of_a_set_is_estimated_well_enough_to_bound_it(text):
    parse_expression(text)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        frames = parse_expression(text)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # CRoaring's own memory is not traced; what Python holds is at most what is said.
    assert after - before <= 2 * frames.nbytes + 4096
    held = frames._bits.get_statistics()
    assert frames.nbytes >= 16 * held["n_containers"]


@given(frames=st.sets(st.integers(-300, 300)), most=st.integers(0, 400))
def test_a_text_within_is_the_text_or_nothing(frames, most):
    text = str(FrameSet(frames))
    assert FrameSet(frames).text_within(most) == (text if len(text) <= most else None)


@given(frames=st.sets(st.integers(-300, 300)), most=st.integers(12, 400))
def test_a_brief_text_is_the_text_or_a_beginning_of_it(frames, most):
    text, brief = str(FrameSet(frames)), FrameSet(frames).brief(most)
    assert len(brief) <= most
    assert brief == text or (brief.endswith("…") and len(text) > most)


@given(frames=st.sets(st.integers(-300, 300)), most=st.integers(12, 400))
def test_what_is_within_is_a_beginning_whose_text_fits(frames, most):
    whole = FrameSet(frames)
    some = whole.within(most)
    assert len(str(some)) <= most
    assert some == whole.take(len(some))
    assert some or not whole


@given(frames=st.sets(st.integers(-50, 50)), frame=st.integers(-60, 60))
def test_the_frames_after_a_frame(frames, frame):
    assert list(FrameSet(frames).after(frame)) == sorted(f for f in frames if f > frame)


def test_a_list_that_is_too_long_costs_what_is_asked_for():
    """Counted in parts that are looked at, not in time."""
    frames, looked = parse_expression("1-1000000x7,1-1000000x11,1-1000000x13"), 0
    each_run = FrameSet._each_run

    def counted(self):
        nonlocal looked
        for run in each_run(self):
            looked += 1
            yield run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FrameSet, "_each_run", counted)
        assert frames.text_within(1000) is None
        assert frames.brief(100).endswith("…")
    assert looked < 1000
