"""Runs against a slow and obvious reading of their definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from renderjob.frames import FrameSet

PROGRESSIONS = st.lists(
    st.builds(
        lambda start, step, count: range(start, start + step * count, step),
        st.integers(-20, 60),
        st.sampled_from([1, 1, 2, 3, 4, 8, 9]),
        st.integers(1, 12),
    ),
    max_size=5,
)


def slow_runs(frames: list[int]) -> list[tuple[int, int, int]]:
    runs, at = [], 0
    while at < len(frames):
        end = at
        step = frames[at + 1] - frames[at] if at + 1 < len(frames) else 1
        while end + 1 < len(frames) and frames[end + 1] - frames[end] == step:
            end += 1
        if end == at or (step > 1 and end - at < 2):
            runs.append((frames[at], frames[at], 1))
            at += 1
        else:
            runs.append((frames[at], frames[end], step))
            at = end + 1
    return runs


@given(PROGRESSIONS, st.sets(st.integers(-20, 150), max_size=5))
def test_runs_are_the_greedy_decomposition(progressions, holes):
    frames = sorted({f for p in progressions for f in p} - holes)
    assert [tuple(run) for run in FrameSet(frames).runs()] == slow_runs(frames)


@given(PROGRESSIONS, st.integers(1, 9), st.integers(1, 9))
def test_starts_of_are_the_frames_that_begin_a_whole_progression(progressions, count, step):
    frames = {f for p in progressions for f in p}
    expected = {f for f in frames if all(f + i * step in frames for i in range(count))}
    assert set(FrameSet(frames).starts_of(count, step)) == expected
