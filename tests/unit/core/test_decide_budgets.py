"""Each class of failure has a budget of its own: whatever comes between, none pays for another's failures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderjob.api import FailureClass, State
from renderjob.api.quantity import memory_bytes
from renderjob.core import Phase, splitting
from renderjob.frames import EMPTY, FrameSet
from support.blocked import blocked_by
from support.jobs import spec
from support.world import Running, World

GIBI = memory_bytes("1Gi")
MOST = 4 * GIBI
RULES = [{"exitCodes": [75], "action": "BackOff"}, {"exitCodes": [76], "action": "Ignore"}]

COUNTS = {
    "error": {"phase": Phase.FAILED, "exit_code": 1},
    "too_fast": {"phase": Phase.SUCCEEDED},
    "no_output": {"phase": Phase.SUCCEEDED, "late": True},
    "stalled": {"phase": Phase.FAILED, "late": True, "waits": "stall"},
    "timed_out": {"phase": Phase.FAILED, "late": True, "timed_out": True},
}
"""Failures that spend a retry, and how they look."""
FREE = {
    "disrupted": {"phase": Phase.LOST},
    "ignored": {"phase": Phase.FAILED, "exit_code": 76},
    "backed_off": {"phase": Phase.FAILED, "exit_code": 75},
}
"""Failures that spend nothing."""
OTHER = ("succeeds", "out_of_memory", "interrupted", "waits", "suspended", "operator dies")


@pytest.fixture(autouse=True, scope="module")
def whole_chunks():
    """Chunks are given up whole here: what becomes of their parts is told by test_decide_splitting.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splitting, "BARREN", 0)
        patch.setattr(splitting, "BARREN_AT_FIRST", 0)
        yield


@dataclass
class Books:
    """What a person who watched would have counted."""

    per_chunk: int
    spent: Counter[int] = field(default_factory=Counter)
    """Retries, by chunk."""
    counts: Counter[str] = field(default_factory=Counter)
    lost: set[int] = field(default_factory=set)
    """Chunks that are given up."""

    def failure(self, chunk: int, name: str, *, spends: bool) -> None:
        self.counts[name] += 1
        self.counts["failed"] += 1
        if spends:
            self.spent[chunk] += 1
            if self.spent[chunk] > self.per_chunk:
                self.lost.add(chunk)


class Farm:
    """A job of chunks of four frames, of which any number may fail in any way, and its books."""

    def __init__(self, per_chunk: int, frames: str = "1-12") -> None:
        self.books = Books(per_chunk)
        self.world = World(
            spec(
                frames=frames,
                chunks={"size": 4},
                parallelism=2,
                output={"path": "/o", "file": "####.png"},
                tolerate={"failedFrames": "100%"},
                timeouts={"minimum": "5s", "stall": "10m", "chunk": "100h"},
                retries={
                    "perChunk": per_chunk,
                    "canary": False,
                    "backoff": {"initial": "1s"},
                    "memory": {"factor": 2, "max": "4Gi"},
                    "rules": RULES,
                },
            )
        )
        self.world.extra = {"looks": True}

    def settle(self) -> None:
        """Until something runs, or nothing is left."""
        for _ in range(8):
            self.world.step()
            if self.world.running or self.world.status.state.terminal:
                return
            self.world.sleep_until_wake()

    def happens(self, event: str, running: Running, done: int) -> None:
        """One thing happens to one attempt, which has finished so many of its frames."""
        world, attempt = self.world, running.attempt
        frames = attempt.frames
        finished = frames.slice(0, min(done, len(frames) - 1))
        left = {"missing": frames - finished}
        if event in COUNTS:
            self._fails(running, event, left)
            self.books.failure(attempt.chunk, event, spends=True)
        elif event in FREE:
            world.end(running, **FREE[event], **left)
            self.books.counts["backed_off" if event == "backed_off" else "disrupted"] += 1
        elif event == "out_of_memory":
            had = attempt.memory or GIBI
            world.end(running, Phase.FAILED, out_of_memory=True, memory=had, exit_code=137, **left)
            self.books.failure(attempt.chunk, event, spends=had >= MOST)
        elif event == "interrupted":
            # Its Job began it again by itself.
            running.seen = replace(running.seen, disruptions=running.seen.disruptions + 1)
            self.books.counts["disrupted"] += 1
        elif event == "succeeds":
            self._time_passes(running, None)
            world.end(running, missing=EMPTY)
            self.books.counts["succeeded"] += 1
        elif event == "waits":
            running.seen = replace(
                running.seen,
                started_at=None,
                waiting=blocked_by("ImagePullBackOff: …"),
                waiting_since=world.now,
            )
            world.step()
            self._time_passes_for_others(running, 60)
            running.seen = replace(
                running.seen, started_at=world.now, active_at=world.now, waiting=None, waiting_since=None
            )
        elif event == "suspended":
            self._suspended()
        else:
            world.step(saves=False)
            world.step(acts=0)
        world.step()

    def _fails(self, running: Running, event: str, left: dict) -> None:
        how = dict(COUNTS[event])
        if how.pop("late", False):
            self._time_passes(running, how.pop("waits", None))
        else:
            how["started_at"] = self.world.now
        self.world.end(running, **how, **left)

    def _time_passes(self, running: Running, limit: str | None) -> None:
        """Long enough not to be too fast; or, of one that hangs, until it is told to stop."""
        self.world.pass_time(700 if limit else 6)
        for other in self.world.running:
            if other is not running or not limit:
                other.seen = replace(other.seen, active_at=self.world.now)
        if limit:
            self.world.step()
            assert running.stopping

    def _time_passes_for_others(self, running: Running, seconds: float) -> None:
        """Those that run meanwhile are alive: ten waits of a minute must not make one of them a stall."""
        self.world.pass_time(seconds)
        for other in self.world.running:
            if other is not running:
                other.seen = replace(other.seen, active_at=self.world.now)

    def _suspended(self) -> None:
        stopped = len(self.world.running)
        self.world.edit(suspend=True)
        for _ in range(3):
            self.world.step()
            self.world.end_stopping_with_nothing()
        assert self.world.status.state is State.SUSPENDED
        self.books.counts["stopped"] += stopped
        self.world.edit(suspend=False)

    def check(self) -> None:
        """The status says what the books say."""
        counts = {name: n for name, n in self.world.status.attempts if n}
        assert counts == {name: n for name, n in self.books.counts.items() if n}
        failed = FrameSet.parse(self.world.status.frames.failed)
        lost = {self.world_chunk(frame) for frame in failed}
        assert lost == self.books.lost, "a chunk is given up when its own retries are spent, and only then"
        for entry in self.world.status.retrying:
            chunk = self.world_chunk(FrameSet.parse(entry.frames).first)
            assert entry.attempts == self.books.spent[chunk]

    def world_chunk(self, frame: int) -> int:
        return (frame - 1) // 4


@settings(max_examples=120, deadline=None)
@given(data=st.data(), per_chunk=st.integers(0, 2))
def test_no_class_pays_for_another_and_every_count_is_exact(data, per_chunk):
    farm = Farm(per_chunk)
    events = st.sampled_from([*COUNTS, *FREE, *OTHER])
    for _ in range(data.draw(st.integers(1, 14), "events")):
        farm.settle()
        if not farm.world.running:
            break
        running = data.draw(st.sampled_from(farm.world.running))
        farm.happens(data.draw(events), running, data.draw(st.integers(0, 3), "frames finished"))
        farm.check()


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(
        st.sampled_from([*FREE, "out_of_memory", "interrupted", "waits", "suspended"]), max_size=25
    )
)
def test_what_is_nobodys_fault_never_spends_a_retry(events):
    farm = Farm(per_chunk=0)
    for event in events:
        farm.settle()
        running = farm.world.running[0]
        grown = event == "out_of_memory" and (running.attempt.memory or GIBI) >= MOST
        farm.happens("disrupted" if grown else event, running, 0)
        farm.check()
    assert not farm.books.lost
    assert all(entry.attempts == 0 for entry in farm.world.status.retrying)
    farm.world.edit(timeouts={})
    assert farm.world.run().frames.completed == "1-12"


@settings(max_examples=60, deadline=None)
@given(
    between=st.lists(
        st.lists(st.sampled_from([*FREE, "waits", "suspended"]), max_size=4), min_size=3, max_size=3
    )
)
def test_errors_fail_a_chunk_at_the_same_count_whatever_comes_between(between):
    farm = Farm(per_chunk=2, frames="1-4")
    for others in between:
        for event in [*others, "error"]:
            farm.settle()
            assert not farm.books.lost
            farm.happens(event, farm.world.running[0], 0)
    assert farm.books.lost == {0}
    farm.check()
    assert farm.world.status.failures[-1].failure_class is FailureClass.ERROR
