"""Faults drawn from a seed: the same for every scheme, whatever it does."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from .scenario import CHUNK, FRAME, MEMORY, NODES, START_UP, Scenario

MOST_FRAMES = 10_000


@dataclass
class Faults:
    """What happens in a run."""

    scenario: Scenario
    seed: int
    seconds: list[float] = field(init=False)
    """Of each frame; the first is frame 1's."""
    heavy_frame: int = 0
    """The frame that needs more memory than there is; 0: none."""
    fatal_frame: int = 0
    """The frame during which the renderer is killed, once; 0: none."""
    bad: frozenset[str] = frozenset()
    """Nodes on which every attempt dies."""

    def __post_init__(self) -> None:
        draw = self.draw("frames")
        self.seconds = [FRAME * draw.uniform(2 / 3, 4 / 3) for _ in range(MOST_FRAMES)]
        draw, chunks = self.draw("chunks"), self.scenario.frames // CHUNK
        heavy, killed = draw.randrange(chunks), draw.randrange(chunks)
        if self.scenario.heavy:
            self.heavy_frame = heavy * CHUNK + CHUNK // 2
        if self.scenario.killed_at:
            self.fatal_frame = killed * CHUNK + self.scenario.killed_at + 1
        names = [node_name(n) for n in range(NODES)]
        self.bad = frozenset(self.draw("bad").sample(names, self.scenario.bad_nodes))

    def draw(self, *what: object) -> random.Random:
        """Chances of one kind."""
        return random.Random("/".join(map(str, (self.seed, *what))))

    def memory_of(self, frame: int) -> int:
        """Bytes that a frame needs."""
        return round(MEMORY * 1.1) if frame == self.heavy_frame else MEMORY // 2

    def disruptions(self, node: str) -> Iterator[tuple[float, bool]]:
        """When a node is taken away, in seconds from the beginning, and whether it is drained before."""
        share = self.scenario.disrupted
        if not share:
            return
        draw, now = self.draw("disruptions", node), 0.0
        rate = -math.log(1 - share) / (START_UP + CHUNK * FRAME)
        while True:
            now += draw.expovariate(rate)
            yield now, draw.random() < 0.5

    def death(self, node: str, nth: int) -> float | None:
        """After which share of its work the nth pod on a node dies; None: it lives."""
        if node not in self.bad:
            return None
        return 0.0 if self.scenario.dies_at_start else self.draw("death", node, nth).random()

    def operator_dies(self) -> float | None:
        """When the operator is killed."""
        if not self.scenario.operator_killed:
            return None
        return self.scenario.halfway * self.draw("operator").uniform(0.5, 1.5)

    def share(self, frame: int) -> float:
        """How much of a frame is rendered when its renderer is killed by it."""
        return self.draw("share", frame).random()


def node_name(number: int) -> str:
    """`n1`, `n2`, …"""
    return f"n{number + 1}"
