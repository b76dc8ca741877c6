"""What an executor saw: the second thing, beside the status, that a decision is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from renderjob.api import Reason, State
from renderjob.frames import EMPTY, FrameSet

from .blocked import Blocked
from .evidence import Evidence


class Phase(StrEnum):
    """Where an attempt is."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    LOST = "Lost"
    """Gone without an end that anybody saw: its manager died, its node vanished."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing can be started at the moment: an answer that does not change until somebody does something."""

    reason: Reason
    """InvalidTemplate, QuotaExceeded, Forbidden, NamespaceGone or NameConflict."""
    message: str
    """In a sentence, for people; with the words of who refused."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a look has found of a running attempt's files."""

    id: int
    """The attempt's."""
    at: datetime
    """When the newest was written, by the clock of who keeps the files."""
    frames: int
    """Of so many frames there are files."""


@dataclass(frozen=True, slots=True)
class AttemptObservation:
    """One attempt, as its executor sees it now."""

    id: int
    """The attempt's id, unique in its job."""
    phase: Phase
    """Where it is."""
    frames_done: FrameSet = EMPTY
    """Frames that the log, or a look at the files, says are finished. Of a log that is progress, and helps
    whoever looks at the files; no frame of an attempt that failed counts by it."""
    missing: FrameSet | None = None
    """Of a finished attempt with output.file or a chunk file: its frames that do not verify. None: not looked.
    A finished verification says with `frames_done` and `missing` what it found; a frame in neither it has not
    looked for."""
    lacks: str = ""
    """Of those the files that were wanted, where, and what was found, or what is wrong with them: in words."""
    disk: str = ""
    """Evidence from the system that nothing could be written to where frames lie when it ended, such as `no space
    left on device: /renders (…)`; of a verification, when it looked."""
    blocked: str = ""
    """It has ended, and what it rendered can't be moved to where frames lie yet: why, in the words of the system."""
    written: tuple[Written, ...] = ()
    """Of a finished look: what it found of each attempt that has written anything."""
    fraction: float = 0.0
    """How far a running attempt is, 0 to 1."""
    started_at: datetime | None = None
    """When it began to run; None while it waits."""
    active_at: datetime | None = None
    """When it last gave a sign of life: a frame, a percent, any output."""
    watched: bool = True
    """Whether a sign of life would have been seen: only then is silence a stall."""
    finished_at: datetime | None = None
    """When it ended."""
    grain: float = 0.0
    """Seconds by which `finished_at - started_at` may be too short: Kubernetes' times are whole seconds."""
    waiting_since: datetime | None = None
    """Since when it waits to run."""
    queued: bool = False
    """It has not been admitted yet, by a queue such as Kueue."""
    waiting: Blocked | None = None
    """Why it does not run yet, or why its pod does not end; None while all goes its usual way."""
    outdated: bool = False
    """It has not begun, and what it would run is not what the manifest says now."""
    disruptions: int = 0
    """How often it was interrupted and begun again by itself, on another node."""
    exit_code: int | None = None
    """Of the process; 128 + n for signal n."""
    log: str = ""
    """The end of its log."""
    failed: str = ""
    """The renderer's own word that it failed for good (openjd_fail)."""
    unsaved: str = ""
    """The renderer's own word that it could not save a frame; another attempt may."""
    bad: FrameSet = EMPTY
    """Of a merge, or a check of one: frames whose files can't be merged; rendered again, they may be."""
    refused: bool = False
    """Its own word that the merge can't be made, however often it is tried."""
    answer: str = ""
    """Why a merge, or a check of one, failed; or what to know of one that succeeded: its own words, for a person."""
    timed_out: bool = False
    """It was ended for taking longer than it may, by somebody else than us."""
    out_of_memory: bool = False
    """It was killed for memory."""
    config: str = ""
    """It can't ever start as the manifest says: why, for a person."""
    memory: int | None = None
    """Bytes of memory that it was given; None without a limit."""
    node: str = ""
    """Where it ran."""
    evidence: Evidence | None = None
    """Of an attempt that is a pod: what is known of it and of its containers."""
    hearsay: bool = False
    """What it waits for is told of another pod of the same job."""

    @property
    def finished(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.phase is not Phase.RUNNING


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another job, as it is now."""

    name: str
    state: State
    completed: FrameSet
    """Its frames that are rendered, and verified where it verifies them."""
    total: FrameSet
    """Its frames that are asked for."""
    uid: str = ""
    """Its id: one that was deleted and made anew is another."""
    revisions: tuple[tuple[int, FrameSet], ...] = ()
    """Frames of it that were rendered and are rendered again, each time with its number, which counts up."""


@dataclass(frozen=True, slots=True)
class Observed:
    """All that an executor saw of one job."""

    uid: str = ""
    """The resource's UID; it seeds the jitter of waits."""
    generation: int = 0
    """The generation of the spec that is decided on."""
    attempts: tuple[AttemptObservation, ...] = ()
    """Every attempt that the executor has: read-your-writes, so one that was started is here until it is
    forgotten, unless it vanished."""
    lost: FrameSet = field(default=EMPTY)
    """Frames that were counted once and that a verification does not find any more."""
    found: FrameSet = field(default=EMPTY)
    """Frames that a verification found although nobody counted them; taken over with output.adopt."""
    looks: bool = False
    """The executor looks at the disk itself: ended attempts come with what is missing, the first look with what
    was lost and found. Without it, verifications do that."""
    keeps_logs: bool = False
    """What is left of a failed attempt is a log on this machine: it is no child, and stays when the time is over for
    which children are kept."""
    refused: Refusal | None = None
    """Nothing can be started until somebody does something about it."""
    deleting: bool = False
    """Somebody asked to delete the resource: that can't be taken back."""
    slowed: str = ""
    """Why the looks at this job are few and far between: in a sentence, what they cost."""
    helper_image: str = ""
    """The image that the executor's own pods run, for whoever wants one beside the frames; empty without pods."""
    set_back: timedelta = timedelta()
    """By how much the clock was set back since the status was written, as a steady clock tells."""
    shared: str = ""
    """Who else writes the files of this job, in a sentence; empty when nobody does."""
    dependencies: tuple[Dependency, ...] = ()
    """The jobs of spec.dependsOn that there are."""
    merge_lost: bool = False
    """The merged file was there once and is not any more."""
