"""Nodes, slots and pods in virtual time, and the count of what was rendered."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from .faults import Faults, node_name
from .scenario import NODES, SLOTS, START_UP

AWAY = 120.0
"""Seconds until a disrupted node, or another in its place, is there again."""


class End(StrEnum):
    """How a pod ended."""

    DONE = "Done"
    ERROR = "Error"
    OUT_OF_MEMORY = "OutOfMemory"
    DRAINED = "Drained"
    GONE = "Gone"
    """Its node vanished."""
    DELETED = "Deleted"

    @property
    def disrupted(self) -> bool:
        return self in (End.DRAINED, End.GONE)


@dataclass(eq=False)
class Pod:
    """Frames to render, and what became of them."""

    frames: Sequence[int]
    memory: int
    ended: Callable[[Pod], None]
    """Called when it has ended, but not when it was deleted."""
    avoid: frozenset[str] = frozenset()
    shun: frozenset[str] = frozenset()
    node: str = ""
    begun: float | None = None
    """When it was placed on its node."""
    over: float | None = None
    end: End | None = None
    finished: list[tuple[float, int]] = field(default_factory=list)
    """When each frame that it will finish is finished, if nothing else happens to it."""
    fate: tuple[float, End] = (0.0, End.DONE)

    def done(self, now: float) -> list[int]:
        """The frames that are finished, in their order."""
        return [frame for at, frame in self.finished if at <= now]


class Farm:
    """Runs pods. All that is rendered is counted in `rendered`, in frames."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.now = 0.0
        self.rendered = 0.0
        self.pods = 0
        self.slot_seconds = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._nodes: dict[str, list[Pod]] = {node_name(n): [] for n in range(NODES)}
        self._away: dict[str, float] = {}
        self._nth = dict.fromkeys(self._nodes, 0)
        self._pending: list[Pod] = []
        self._fatal = faults.fatal_frame
        self._lot = faults.draw("placement")
        self._timelines = {node: faults.disruptions(node) for node in self._nodes}
        for node in self._nodes:
            self._next_disruption(node)

    # -- time -------------------------------------------------------------------------------------------------

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._events, (max(when, self.now), next(self._numbers), what))

    def run(self, finished: Callable[[], bool]) -> None:
        """Let time pass until a scheme has what it wants."""
        while not finished():
            if not self._events:
                raise RuntimeError("the job does not come to an end")
            self.now, _, what = heapq.heappop(self._events)
            what()

    # -- pods -------------------------------------------------------------------------------------------------

    def submit(self, pod: Pod) -> Pod:
        """Run a pod as soon as a slot is free that it may have."""
        self._pending.append(pod)
        self.at(self.now, self._place)
        return pod

    def delete(self, pod: Pod) -> None:
        """End a pod."""
        if pod in self._pending:
            self._pending.remove(pod)
        elif pod.end is None:
            self._end(pod, End.DELETED)

    @property
    def running(self) -> list[Pod]:
        return [pod for pods in self._nodes.values() for pod in pods]

    def _place(self) -> None:
        for pod in list(self._pending):
            free = [
                node
                for node, pods in self._nodes.items()
                if len(pods) < SLOTS and node not in self._away and node not in pod.avoid
            ]
            if free:
                self._pending.remove(pod)
                self._begin(pod, self._best(pod, free))

    def _best(self, pod: Pod, free: list[str]) -> str:
        """As Kubernetes' scheduler: where it is wanted most and least is running, by lot among equals."""
        ranks = {node: (node in pod.shun, len(self._nodes[node])) for node in free}
        best = min(ranks.values())
        return self._lot.choice([node for node in free if ranks[node] == best])

    def _begin(self, pod: Pod, node: str) -> None:
        pod.node, pod.begun = node, self.now
        self.pods += 1
        self._nth[node] += 1
        self._nodes[node].append(pod)
        pod.fate = self._fate(pod)
        self.at(pod.fate[0], lambda: self._end(pod, pod.fate[1]))

    def _fate(self, pod: Pod) -> tuple[float, End]:
        """When and how a pod ends, unless its node is taken away before."""
        at, seconds = self.now + START_UP, self.faults.seconds
        death = self.faults.death(pod.node, self._nth[pod.node])
        dies = None if death is None else at + death * sum(seconds[frame - 1] for frame in pod.frames)
        for frame in pod.frames:
            takes = seconds[frame - 1]
            if dies is not None and dies < at + takes:
                return dies, End.ERROR
            if self.faults.memory_of(frame) > pod.memory:
                return at + takes * self.faults.share(frame), End.OUT_OF_MEMORY
            if frame == self._fatal:
                return at + takes * self.faults.share(frame), End.ERROR
            at += takes
            pod.finished.append((at, frame))
        return at, End.DONE

    def _end(self, pod: Pod, end: End) -> None:
        if pod.end is not None:
            return
        assert pod.begun is not None
        pod.end, pod.over = end, self.now
        pod.finished = [(at, frame) for at, frame in pod.finished if at <= self.now]
        if end is End.ERROR and pod.frames[len(pod.finished)] == self._fatal:
            self._fatal = 0
        self._nodes[pod.node].remove(pod)
        self.slot_seconds += self.now - pod.begun
        self.rendered += len(pod.finished) + self._part(pod)
        self.at(self.now, self._place)
        if end is not End.DELETED:
            pod.ended(pod)

    def _part(self, pod: Pod) -> float:
        """How much is rendered of the frame at which a pod ended."""
        if len(pod.finished) == len(pod.frames):
            return 0.0
        assert pod.begun is not None
        since = pod.finished[-1][0] if pod.finished else pod.begun + START_UP
        frame = pod.frames[len(pod.finished)]
        return min(1.0, max(0.0, self.now - since) / self.faults.seconds[frame - 1])

    # -- nodes ------------------------------------------------------------------------------------------------

    def _next_disruption(self, node: str) -> None:
        when, drained = next(self._timelines[node], (None, False))
        if when is not None:
            self.at(when, lambda: self._disrupt(node, End.DRAINED if drained else End.GONE))

    def _disrupt(self, node: str, end: End) -> None:
        self._away[node] = self.now + AWAY
        for pod in list(self._nodes[node]):
            self._end(pod, end)
        self.at(self.now + AWAY, lambda: self._back(node))
        self._next_disruption(node)

    def _back(self, node: str) -> None:
        if self._away.get(node, self.now) <= self.now:
            self._away.pop(node, None)
            self._place()
