"""A world for the decision core: an executor without processes, driven step by step, and a clock.

It keeps what an executor would keep (attempts), loses what a crash would lose, and checks at every step what
must hold whatever happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from renderjob.api import OnEdit, RenderJobSpec, RenderJobStatus, State, frames_of
from renderjob.core import (
    Attempt,
    AttemptObservation,
    Decision,
    Forget,
    Kind,
    Observed,
    Phase,
    Start,
    Stop,
    decide,
    render_digest,
)
from renderjob.core.inflight import parse
from renderjob.frames import EMPTY, FrameSet

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Running:
    """An attempt in the world, and what is observable of it."""

    attempt: Attempt
    seen: AttemptObservation
    stopping: bool = False
    digest: str = ""
    """What it renders with."""


@dataclass
class World:
    """One job, its executor, and time."""

    spec: RenderJobSpec
    status: RenderJobStatus = field(default_factory=RenderJobStatus)
    now: datetime = START
    generation: int = 1
    attempts: dict[int, Running] = field(default_factory=dict)
    kept: dict[int, Running] = field(default_factory=dict)
    """Attempts whose end is in the status, and that nobody wants to be forgotten yet."""
    rendered: list[FrameSet] = field(default_factory=list)
    """What was given to each attempt that succeeded, in order."""
    history: list[RenderJobStatus] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    wake: datetime | None = None
    started_ids: set[int] = field(default_factory=set)
    extra: dict[str, Any] = field(default_factory=dict)
    pixels: dict[int, str] = field(default_factory=dict)
    """What each frame on the disk was last rendered with."""

    def observed(self) -> Observed:
        return Observed(
            uid="uid-1",
            generation=self.generation,
            attempts=tuple(r.seen for r in (*self.attempts.values(), *self.kept.values())),
            **self.extra,
        )

    def decide(self) -> Decision:
        return decide(self.spec, self.status, self.observed(), self.now)

    def step(self, *, acts: int | None = None, saves: bool = True) -> Decision:
        """One reconcile. It may die after the save, or after so many actions."""
        decision = self.decide()
        if not saves:
            return decision
        self._check_transition(self.status, decision.status)
        self.status = decision.status
        self.history.append(decision.status)
        self.events += [event.reason for event in decision.events]
        self.wake = decision.wake
        for action in decision.actions[:acts]:
            self.perform(action)
        self.keep(decision)
        return decision

    def keep(self, decision: Decision) -> None:
        """What has ended and is not to be forgotten is kept."""
        needed = {parse(text).id for text in self.status.in_flight}
        needed |= {action.id for action in decision.actions if isinstance(action, Forget)}
        for id_ in [id_ for id_, r in self.attempts.items() if r.seen.finished and id_ not in needed]:
            self.kept[id_] = self.attempts.pop(id_)

    def perform(self, action: Start | Stop | Forget) -> None:
        match action:
            case Start(attempt):
                self._start(attempt)
            case Stop(id=id_):
                if id_ in self.attempts:
                    self.attempts[id_].stopping = True
            case Forget(id=id_):
                self.attempts.pop(id_, None)
                self.kept.pop(id_, None)

    def _start(self, attempt: Attempt) -> None:
        if attempt.id in self.attempts:
            return
        if attempt.kind is Kind.RENDER:
            for other in self.running:
                assert other.attempt.frames.isdisjoint(attempt.frames), (
                    f"{attempt.frames} is rendered twice at the same time"
                )
        if attempt.kind is Kind.MERGE:
            assert not self.merging, "two merges write one file"
            assert not self.running, "a merge reads frames that are being rendered"
        self.started_ids.add(attempt.id)
        seen = AttemptObservation(
            id=attempt.id, phase=Phase.RUNNING, started_at=self.now, active_at=self.now, memory=attempt.memory
        )
        self.attempts[attempt.id] = Running(attempt, seen, digest=render_digest(self.spec))

    @property
    def running(self) -> list[Running]:
        return [
            r
            for r in self.attempts.values()
            if r.attempt.kind is Kind.RENDER and r.seen.phase is Phase.RUNNING
        ]

    @property
    def verifying(self) -> list[Running]:
        return [
            r
            for r in self.attempts.values()
            if r.attempt.kind is Kind.VERIFY and r.seen.phase is Phase.RUNNING
        ]

    @property
    def merging(self) -> list[Running]:
        return [
            r
            for r in self.attempts.values()
            if r.attempt.kind is Kind.MERGE and r.seen.phase is Phase.RUNNING
        ]

    @property
    def checking(self) -> list[Running]:
        return [
            r
            for r in self.attempts.values()
            if r.attempt.kind is Kind.CHECK and r.seen.phase is Phase.RUNNING
        ]

    def end(self, running: Running, phase: Phase = Phase.SUCCEEDED, **seen: Any) -> None:
        """An attempt ends, so that its executor can see it."""
        default_code = 0 if phase is Phase.SUCCEEDED else 1
        seen.setdefault("exit_code", default_code)
        if phase is Phase.SUCCEEDED and running.attempt.kind is Kind.VERIFY:
            missing = seen["missing"] = seen.get("missing") or EMPTY
            seen.setdefault("frames_done", running.attempt.frames - missing)
        running.seen = replace(running.seen, phase=phase, finished_at=self.now, **seen)
        if phase is Phase.SUCCEEDED and running.attempt.kind is Kind.RENDER:
            self.rendered.append(running.attempt.frames - (seen.get("missing") or EMPTY))
        if running.attempt.kind is Kind.RENDER:
            self.pixels |= dict.fromkeys(running.attempt.frames, running.digest)

    def end_all(self, phase: Phase = Phase.SUCCEEDED, **seen: Any) -> None:
        for running in [*self.running, *self.verifying, *self.checking, *self.merging]:
            self.end(running, phase, **seen)

    def end_stopping(self) -> None:
        """What was told to stop ends by its signal."""
        for running in list(self.attempts.values()):
            if running.stopping and running.seen.phase is Phase.RUNNING:
                self.end(running, Phase.FAILED, exit_code=143)

    def end_stopping_with_nothing(self) -> None:
        """What was told to stop ends by its signal, and has finished none of its frames."""
        for running in list(self.attempts.values()):
            if running.stopping and running.seen.phase is Phase.RUNNING:
                self.end(running, Phase.FAILED, exit_code=143, missing=running.attempt.frames)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def sleep_until_wake(self) -> None:
        if self.wake is not None:
            self.now = max(self.now, self.wake)

    def run(self, *, most: int = 2000) -> RenderJobStatus:
        """Everything succeeds from here on, until the job is at its end or parked."""
        for _ in range(most):
            self.step()
            if self.status.state.terminal and not self.attempts:
                return self.status
            self.end_stopping()
            if self.running or self.verifying or self.checking or self.merging:
                self.pass_time(1)
                self.end_all()
            elif self.wake is not None:
                self.sleep_until_wake()
            elif self.status.state in (State.SUSPENDED, State.PENDING) and not self.attempts:
                return self.status
        raise AssertionError(f"the job does not come to an end: {self.status}")

    def edit(self, **changes: Any) -> None:
        """An edit of the spec, as a user makes it."""
        wire = self.spec.to_wire() | changes
        self.spec = RenderJobSpec.model_validate(wire)
        self.generation += 1

    # -- what must always hold --------------------------------------------------------------------------------

    def _check_transition(self, before: RenderJobStatus, after: RenderJobStatus) -> None:
        total = frames_of(self.spec.frames)
        done = FrameSet.parse(after.frames.completed) & total
        assert after.completed_frames == len(done)
        assert after.total_frames == len(total)
        assert 0 <= after.completed_chunks <= after.total_chunks
        assert (after.completed_chunks == after.total_chunks) == (done == total)
        if self.spec.on_edit is OnEdit.RERENDER:
            stale = [f for f in done if self.pixels.get(f, after.digest) != after.digest]
            assert not stale, f"{stale} count as rendered, but with what was edited since"
        failed = FrameSet.parse(after.frames.failed)
        assert done.isdisjoint(failed), "a frame is rendered and failed"
        active = FrameSet.parse(after.frames.active)
        waiting = FrameSet.union_of(FrameSet.parse(r.frames) for r in after.retrying)
        assert waiting.isdisjoint(active), "a frame waits and is active"
        unverified = FrameSet.parse(after.frames.unverified)
        assert unverified == FrameSet.union_of(FrameSet.parse(u.frames) for u in after.unverified)
        for other in (waiting, active, done, failed & total):
            assert unverified.isdisjoint(other & total), "a frame is unverified and somewhere else, too"
        assert waiting.isdisjoint(done)
        assert waiting.isdisjoint(failed & total)
        true = {c.type.value for c in after.conditions if c.status == "True"}
        expected = {
            State.COMPLETED: {"Ready", "Complete"},
            State.FAILED: {"Stalled", "Failed"},
            State.CANCELLED: {"Stalled"},
            State.SUSPENDED: {"Suspended"},
        }.get(after.state, {"Reconciling"})
        true.discard("Slowed")  # it tells of what looks cost
        if any(c.reason == "OnlyFreeFailures" for c in after.conditions):
            expected = {"Stalled"}
        assert true == expected, "a condition contradicts the state"
        assert len(after.failures) <= 10
        assert len(after.retrying) <= 100
        assert (after.progress == 100) == (after.state is State.COMPLETED)
        if after.state.terminal:
            assert not after.in_flight
            assert after.completed_at is not None
