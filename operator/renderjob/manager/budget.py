"""Budget: what the reconciliations of each job cost, and how long a job that costs too much must wait for its next.

A reconciliation should take milliseconds of computing. Nobody can keep a manifest from taking seconds, but only its
own job has to wait for that: a job gets a share of the time and no more. After a reconciliation that took a second it
waits for nine; when they go on to take more than they may, for twice as long each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

ALLOWED = 0.5
"""Seconds of computing that a reconciliation may take."""
SHARE = 0.1
"""Of the time, for the reconciliations of one job."""
LIGHT = 0.02
"""Seconds: a reconciliation that took less is not worth a thread."""
TWICE = 2
"""So many reconciliations in a row that took too long, and the job's status says so."""
FIRST = 5.0
"""Seconds of pause at most after one reconciliation that took too long."""
LONGEST = 600.0
"""Seconds between two reconciliations at most, whatever they cost."""


class Weight(IntEnum):
    """What the next reconciliation of a job will probably cost."""

    LIGHT = 0
    UNKNOWN = 1
    HEAVY = 2


@dataclass(slots=True)
class _Cost:
    generation: int | None = None
    """Of the manifest that was reconciled."""
    edited: bool = False
    """Whether there is another manifest since the last reconciliation."""
    spent: float = 0.0
    """Seconds, in the reconciliation that is under way."""
    last: float | None = None
    """Seconds of the last reconciliation."""
    strikes: int = 0
    """Reconciliations in a row that took more than they may."""
    ended: float = 0.0
    """When the last reconciliation was over."""
    slowed: str = ""


class Budget:
    """Keeps account of reconciliations, by the uid of the job."""

    def __init__(
        self,
        allowed: float = ALLOWED,
        *,
        share: float = SHARE,
        clock: Callable[[], float] = time.monotonic,
        listener: Callable[[float], object] = lambda _: None,
    ) -> None:
        """What reconciliations may cost.

        Args:
            allowed: seconds of computing for a reconciliation.
            share: of the time, for one job.
            clock: a steady one.
            listener: is called with what each took.
        """
        self.allowed = allowed
        self.listener = listener
        self._share = share
        self._clock = clock
        self._costs: dict[str, _Cost] = {}

    @property
    def slowed_jobs(self) -> int:
        """How many jobs wait for longer because of what they cost."""
        return sum(bool(cost.slowed) for cost in self._costs.copy().values())

    def weight(self, uid: str) -> Weight:
        """What the next reconciliation of a job will cost, as far as that can be told."""
        cost = self._costs.get(uid)
        if cost is not None and cost.strikes:
            return Weight.HEAVY
        if cost is None or cost.last is None or cost.edited or cost.last >= LIGHT:
            return Weight.UNKNOWN
        return Weight.LIGHT

    def expected(self, uid: str) -> float:
        """Seconds that the next reconciliation of a job will take, as far as that can be told."""
        cost = self._costs.get(uid)
        return LIGHT if cost is None or cost.last is None else cost.last

    def observe_generation(self, uid: str, generation: int) -> None:
        """A job has this manifest now. Whoever mended it need not wait for as long as before."""
        cost = self._costs.get(uid)
        if cost is not None and cost.generation is not None and cost.generation != generation:
            cost.edited = True

    def begin(self, uid: str) -> None:
        """A reconciliation begins."""
        self._costs.setdefault(uid, _Cost())

    def spend(self, uid: str, seconds: float) -> None:
        """A reconciliation that is under way took so many seconds more."""
        cost = self._costs.get(uid)
        if cost is not None:
            cost.spent += seconds

    def read_generation(self, uid: str, generation: int) -> None:
        """The reconciliation that is under way reads this manifest."""
        cost = self._costs.get(uid)
        if cost is not None:
            cost.edited = cost.generation != generation
            cost.generation = generation

    def end(self, uid: str) -> None:
        """A reconciliation is over."""
        cost = self._costs.get(uid)
        if cost is None:
            return
        cost.edited = False
        cost.last, cost.spent, cost.ended = cost.spent, 0.0, self._clock()
        self.listener(cost.last)
        cost.strikes = cost.strikes + 1 if cost.last > self.allowed else 0
        if not cost.strikes:
            cost.slowed = ""
        elif cost.strikes >= TWICE and not cost.slowed:
            # Said once: what it says is in the status, which is not written for every other tenth of a second.
            cost.slowed = (
                f"a look at this RenderJob takes {cost.last:.2g}s of computing, which is more than {self.allowed:g}s: "
                f"it is looked at ever less often, at last every {LONGEST:g}s"
            )

    def slowed(self, uid: str) -> str:
        """Why a job has to wait, in a sentence; empty when it does not."""
        cost = self._costs.get(uid)
        return cost.slowed if cost is not None else ""

    def pause(self, uid: str) -> float:
        """Seconds for which a job is not to be reconciled; 0 when it may be."""
        cost = self._costs.get(uid)
        if cost is None or cost.last is None:
            return 0.0
        rest = cost.last / self._share - cost.last
        if cost.strikes < TWICE:
            # What it took may have been for once: to read a manifest, to lay out its chunks.
            rest = min(rest, FIRST)
        elif not cost.edited:
            rest *= 2 ** min(cost.strikes - 1, 16)
        return max(0.0, cost.ended + min(rest, LONGEST) - self._clock())

    def forget(self, uid: str) -> None:
        """A job is gone."""
        self._costs.pop(uid, None)
