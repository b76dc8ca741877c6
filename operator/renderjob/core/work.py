"""The state of one decision while it is being made: the status unpacked, changed step by step, packed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from renderjob.api import (
    EventReason,
    Failure,
    FailureClass,
    NodeRecord,
    Reason,
    RenderJobSpec,
    RenderJobStatus,
    Retrying,
    frames_of,
)
from renderjob.api import status as wire
from renderjob.api.quantity import format_memory, memory_bytes, share_of
from renderjob.frames import EMPTY, FrameSet
from renderjob.planning import Layout
from renderjob.words.harmless import harmless

from . import inflight, memo
from .actions import Action, Kind, StopReason
from .decision import Event
from .draft import Draft
from .inflight import InFlight
from .observed import AttemptObservation, Observed


@dataclass(frozen=True, slots=True)
class Waiting:
    """Frames that wait for another attempt."""

    frames: FrameSet
    attempts: int
    not_before: datetime
    failure_class: FailureClass
    memory: int | None = None
    nodes: tuple[str, ...] = ()
    """Where they failed."""
    signature: str = ""
    """How they failed last."""
    check_since: datetime | None = None
    """Their files are looked for before they are rendered again: those written since then."""
    finished: FrameSet = EMPTY
    """Frames that the same attempt had finished, as its log says; for whoever looks at their files."""
    final: bool = False
    """They failed the same way on two nodes: no other attempt, unless the look finds that it got on."""
    spent: bool = False
    """They have no attempt left: what the look does not find is split, or given up without a `size`."""
    size: int = 0
    """At most so many are rendered together: parts of chunks that failed for good. 0: as the layout has them."""
    memories: tuple[tuple[str, int], ...] = ()
    """Bytes of memory of containers beside the renderer, by their names, where that was raised."""
    free: int = 0
    """Free failures in a row."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """Frames that were rendered and whose files nobody has looked for."""

    frames: FrameSet
    attempts: int
    node: str = ""


@dataclass(slots=True)
class Work:
    """One decision in the making. Steps read and change it; only `unpack` and `pack` know the status's form."""

    spec: RenderJobSpec
    before: RenderJobStatus
    observed: Observed
    now: datetime
    layout: Layout
    digest: str
    """Of the spec: what a frame is rendered with now."""
    total: FrameSet
    completed: FrameSet
    failed: FrameSet
    in_flight: dict[int, InFlight]
    waiting: list[Waiting]
    unverified: list[Unverified]
    failures: list[Failure]
    nodes: dict[str, NodeRecord]
    avoided: list[str]
    counts: dict[str, int]
    seen: Mapping[int, AttemptObservation]
    draft: Draft
    """The plain fields of the status."""
    actions: list[Action] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)
    chunk_times: list[tuple[int, float, float, int]] = field(default_factory=list)
    """Of the chunks that succeeded in this decision: frames, seconds, seconds before the start, the first frame."""
    basis_changed: bool = False
    """The frames asked for, or what counts as rendered, changed: progress may fall."""

    def stop(self, attempt: InFlight, reason: StopReason) -> None:
        """An attempt in flight is to stop."""
        self.in_flight[attempt.id] = replace(attempt, stop=reason)

    def count(self, name: str) -> None:
        """One more attempt that ended so."""
        self.counts[name] += 1

    def tell(
        self,
        reason: EventReason | Reason,
        message: str,
        *,
        warning: bool | None = None,
        failure_class: FailureClass | None = None,
        count: int = 1,
    ) -> None:
        """An event, once the status is saved; `warning` where the reason does not say whether it is one."""
        warns = isinstance(reason, EventReason) and reason.warns if warning is None else warning
        self.events.append(Event(reason, harmless(message), warns, failure_class, count))

    @property
    def renders(self) -> list[InFlight]:
        """Attempts at chunks in flight."""
        return [a for a in self.in_flight.values() if a.kind is Kind.RENDER]

    @property
    def active(self) -> int:
        """Chunks that run, or start now; what was refused does neither."""
        refused = self.observed.refused is not None
        return sum(not refused or a.id in self.seen for a in self.renders)

    @property
    def active_frames(self) -> FrameSet:
        """Frames that are being rendered."""
        return FrameSet.union_of(a.frames for a in self.in_flight.values() if a.kind is Kind.RENDER)

    @property
    def waiting_frames(self) -> FrameSet:
        """Frames that wait for another attempt."""
        return FrameSet.union_of(w.frames for w in self.waiting)

    @property
    def unverified_frames(self) -> FrameSet:
        """Frames that were rendered and whose files nobody has looked for."""
        return FrameSet.union_of(u.frames for u in self.unverified)

    @property
    def doubtful_frames(self) -> FrameSet:
        """Frames that wait for another attempt, and whose files are looked for first."""
        return FrameSet.union_of(w.frames for w in self.waiting if w.check_since is not None)

    @property
    def missing(self) -> FrameSet:
        """Frames that nobody renders, that wait for nothing, and that are not given up."""
        missing = self.total - self.completed - self.failed
        if self.in_flight:
            missing = missing - self.active_frames
        if self.waiting:
            missing = missing - self.waiting_frames
        if self.unverified:
            missing = missing - self.unverified_frames
        return missing

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants it to end: by spec.cancel, or by deleting it."""
        return self.spec.cancel or self.observed.deleting

    @property
    def tolerated(self) -> int:
        """How many frames may be missing from a complete job."""
        return share_of(self.spec.tolerate.failed_frames, len(self.total))

    @property
    def frames_resolved(self) -> bool:
        """Every frame asked for is rendered, or given up for good and tolerated."""
        left = self.total - self.completed
        return not left or (left <= self.failed and len(left) <= self.tolerated)


def unpack(
    spec: RenderJobSpec,
    status: RenderJobStatus,
    observed: Observed,
    now: datetime,
    *,
    layout: Layout,
    digest: str,
) -> Work:
    """The status as sets."""
    return Work(
        spec=spec,
        before=status,
        observed=observed,
        now=now,
        layout=layout,
        digest=digest,
        total=frames_of(spec.frames),
        completed=memo.read(status.frames.completed),
        failed=memo.read(status.frames.failed),
        in_flight={a.id: a for a in map(inflight.parse, status.in_flight)},
        waiting=[
            Waiting(
                memo.read(entry.frames),
                entry.attempts,
                entry.not_before,
                entry.failure_class,
                memory_bytes(entry.memory) if entry.memory else None,
                tuple(entry.nodes),
                entry.signature,
                entry.check_since,
                memo.read(entry.finished),
                entry.final,
                entry.spent,
                entry.size,
                tuple((name, memory_bytes(amount)) for name, amount in entry.beside.items()),
                entry.free,
            )
            for entry in status.retrying
        ],
        unverified=[
            Unverified(memo.read(entry.frames), entry.attempts, entry.node) for entry in status.unverified
        ],
        failures=list(status.failures),
        nodes={record.name: record for record in status.nodes},
        avoided=list(status.avoided_nodes),
        counts=dict(status.attempts),
        seen={a.id: a for a in observed.attempts},
        draft=Draft.of(status),
    )


def pack(work: Work) -> dict[str, Any]:
    """The fields of the status that the sets stand for, by their Python names."""
    frames, chunks = len(work.total & work.completed), work.layout.complete(work.completed)
    return {
        **work.draft.changes(work.before),
        "frames": work.before.frames.model_copy(
            update={
                "completed": memo.write(work.completed),
                "active": memo.shown(work.active_frames),
                "unverified": memo.write(work.unverified_frames),
                "failed": memo.write(work.failed),
            }
        ),
        "in_flight": [a.text() for a in work.in_flight.values()],
        "retrying": [
            Retrying.model_construct(
                frames=memo.write(w.frames),
                attempts=w.attempts,
                not_before=w.not_before,
                failure_class=w.failure_class,
                memory=format_memory(w.memory) if w.memory else None,
                nodes=list(w.nodes),
                signature=w.signature,
                check_since=w.check_since,
                finished=memo.write(w.finished),
                final=w.final,
                spent=w.spent,
                size=w.size,
                beside={name: format_memory(count) for name, count in w.memories},
                free=w.free,
            )
            for w in work.waiting
        ],
        "unverified": [
            wire.Unverified.model_construct(frames=memo.write(u.frames), attempts=u.attempts, node=u.node)
            for u in work.unverified
        ],
        "failures": work.failures,
        "nodes": list(work.nodes.values()),
        "avoided_nodes": work.avoided,
        "attempts": work.before.attempts.model_copy(update=work.counts),
        "active": work.active,
        "total_frames": len(work.total),
        "completed_frames": frames,
        "frames_shown": f"{frames}/{len(work.total)}",
        "total_chunks": work.layout.count,
        "completed_chunks": chunks,
        "chunks_shown": f"{chunks}/{work.layout.count}",
    }
