"""Which faults meet a job, and what the job is."""

from __future__ import annotations

from dataclasses import dataclass, replace

CHUNK = 50
"""Frames in a chunk."""
NODES = 5
SLOTS = 2
"""Slots on each node."""
START_UP = 30.0
"""Seconds before a pod's first frame."""
FRAME = 20.0
"""Seconds that a frame takes."""
PERSON = 900.0
"""Seconds until somebody who has to act by hand has acted."""
MEMORY = 8 << 30
"""Bytes that the manifest gives a chunk."""


@dataclass(frozen=True)
class Scenario:
    """A job and its faults."""

    name: str
    frames: int = 2000
    """Frames asked for at first."""
    disrupted: float = 0.0
    """How many of all attempts at a whole chunk are hit."""
    bad_nodes: int = 0
    dies_at_start: bool = False
    """On a bad node an attempt dies before its first frame."""
    heavy: bool = False
    """One frame in the middle of a chunk needs a tenth more memory than there is."""
    operator_killed: bool = False
    edited: float = 0.0
    """How many frames more somebody asks for halfway."""
    killed_at: int = 0
    """One chunk's renderer is killed after so many frames."""
    silent: bool = False
    """The renderer prints nothing: only files tell."""

    @property
    def asked(self) -> int:
        """Frames asked for in the end."""
        return self.frames + round(self.frames * self.edited)

    @property
    def halfway(self) -> float:
        """Seconds after which half of the job is rendered when nothing goes wrong."""
        whole = (START_UP + CHUNK * FRAME) * self.frames / CHUNK
        return whole / (NODES * SLOTS) / 2


DISRUPTED = Scenario("10 % of attempts disrupted", disrupted=0.1)
BAD = Scenario("one bad node in five, dies midway", bad_nodes=1)
BLACK_HOLE = Scenario("one bad node in five, dies at once", bad_nodes=1, dies_at_start=True)
HEAVY = Scenario("one chunk out of memory", heavy=True)
OPERATOR = Scenario("kill -9 of the operator", operator_killed=True)
EDITED = Scenario("an edit adds 10 % frames", edited=0.1)
KILLED = Scenario("a chunk killed at frame 40 of 50", killed_at=40)
ALL = Scenario(
    "all of these together",
    disrupted=0.1,
    bad_nodes=1,
    heavy=True,
    operator_killed=True,
    edited=0.1,
    killed_at=40,
)

SCENARIOS = (
    Scenario("nothing goes wrong"),
    DISRUPTED,
    BAD,
    BLACK_HOLE,
    HEAVY,
    OPERATOR,
    EDITED,
    KILLED,
    replace(KILLED, name="the same, and the job is that chunk", frames=CHUNK),
    ALL,
    replace(ALL, name="together, the renderer prints nothing", silent=True),
)
