"""A verdict: what an attempt that ended without success means, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, assert_never

from renderjob.api import FailureClass, RenderJobSpec
from renderjob.core.ending import culprit
from renderjob.core.evidence import ContainerEvidence, Evidence
from renderjob.core.inflight import InFlight
from renderjob.core.observed import AttemptObservation


class Cost(StrEnum):
    """What follows from a failure."""

    RETRY = "Retry"
    """Spends one of the chunk's retries."""
    FREE = "Free"
    """Tried again; spends nothing."""
    BACK_OFF = "BackOff"
    """The whole job waits; spends nothing."""
    FAIL_CHUNK = "FailChunk"
    """The chunk is not tried again in this pass."""
    FAIL_JOB = "FailJob"
    """The job is lost."""

    @property
    def free(self) -> bool:
        """Whether it spends nothing."""
        match self:
            case Cost.FREE | Cost.BACK_OFF:
                return True
            case Cost.RETRY | Cost.FAIL_CHUNK | Cost.FAIL_JOB:
                return False
        assert_never(self)


class Blame(StrEnum):
    """Who is to blame."""

    RENDERER = "the renderer"
    """The program, or the node that it ran on: other chunks on the same node decide which."""
    FRAMES = "the frames"
    """They ask for more than others."""
    MANIFEST = "the manifest"
    NODE = "the node"
    CLUSTER = "the cluster"
    NOBODY = "nobody"


class Pause(StrEnum):
    """What comes before the next attempt."""

    NONE = "none"
    BACKOFF = "retries.backoff, by the chunk's failed attempts"
    AT_ONCE = "none the first time, then retries.backoff, by free failures in a row"
    GROWING = "retries.backoff, by free failures in a row"
    WHOLE_JOB = "retries.backoff, for the whole job"


class Remedy(StrEnum):
    """What the next attempt gets."""

    NONE = "–"
    MEMORY = "more memory for that container"
    ANOTHER_NODE = "another node; this one gets no chunk of the job for a while"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failed attempt means."""

    failure_class: FailureClass
    cost: Cost
    message: str
    """For a person: in our own words, or in those of who ended it."""
    last_line: str = ""
    """The log's last line. How two failed is not compared by it, but where `message` says no more than a code."""
    row: str = ""
    """The name of the row of the table."""
    blames: Blame = Blame.NOBODY
    pause: Pause = Pause.BACKOFF
    remedy: Remedy = Remedy.NONE
    container: str = ""
    """Whom the remedy is for: the name of a container beside the renderer; empty: the renderer."""
    bare: bool = False
    """The message is but an exit code, or a signal."""

    @property
    def text(self) -> str:
        """The message, with the log's last line."""
        return f"{self.message}; last line: {self.last_line}" if self.last_line else self.message

    @property
    def compared(self) -> str:
        """Two failed alike when this is the same."""
        if self.failure_class is FailureClass.NO_OUTPUT:
            return self.row  # the message names the files that are missing
        return self.text if self.bare else self.message

    @property
    def raise_memory(self) -> bool:
        """The next attempt's renderer should get more memory."""
        return self.remedy is Remedy.MEMORY and not self.container


_NO_POD: Final = Evidence()


@dataclass(slots=True)
class Ended:
    """An attempt that has ended, with all that is known of it: what the rows of the table are asked about."""

    attempt: InFlight
    seen: AttemptObservation
    spec: RenderJobSpec
    evidence: Evidence = field(init=False)
    """Of its pod; empty for what is none."""
    guilty: ContainerEvidence | None = field(init=False)
    """The container whose end decided how its pod did."""

    def __post_init__(self) -> None:
        self.evidence = self.seen.evidence or _NO_POD
        self.guilty = culprit(self.evidence)

    @property
    def last_line(self) -> str:
        """The log's last line that says something."""
        lines = [line.strip() for line in self.seen.log.splitlines() if line.strip()]
        return lines[-1][:400] if lines else ""
