"""Evidence: what is known of how the pod of an attempt ended, typed. Executors gather it and judge nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .words import ContainerWord, PodWord


class Role(StrEnum):
    """What a container is in its pod."""

    RENDER = "render"
    """It renders, merges or verifies: the one whose end is the attempt's."""
    SIDECAR = "container"
    """It runs beside it, and the pod has not ended before it has."""
    NATIVE_SIDECAR = "native sidecar"
    """An init container that restarts always: it is ended with the pod, and its exit code counts nothing."""
    INIT = "init container"
    """It runs before it."""


class JobEnd(StrEnum):
    """What the Job says of its end."""

    NONE = "None"
    """It has not ended."""
    COMPLETE = "Complete"
    FAILED = "Failed"
    DEADLINE = "Deadline"
    """It ran longer than its activeDeadlineSeconds."""


@dataclass(frozen=True, slots=True)
class ContainerEvidence:
    """One container of the pod."""

    name: str
    role: Role = Role.RENDER
    word: ContainerWord = ContainerWord.NONE
    """Why it ended."""
    reason: str = ""
    """The same as the kubelet wrote it."""
    exit_code: int | None = None
    """None: it has not ended."""
    message: str = ""
    """What it left as its termination message, or the end of its log; or the runtime's words."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    running: bool = False
    waiting: str = ""
    """Why it neither runs nor has ended, in one word."""
    restarts: int = 0
    last_word: ContainerWord = ContainerWord.NONE
    """Why it ended before it was last restarted."""

    @property
    def ended(self) -> bool:
        """Whether it has run, or tried to, and is over."""
        return self.exit_code is not None

    @property
    def unstartable(self) -> bool:
        """Whether it ended without having begun."""
        return self.word in (ContainerWord.CANNOT_START, ContainerWord.NO_PROGRAM)

    @property
    def began(self) -> bool:
        """Whether its program ran, as far as is known."""
        if self.unstartable:
            return False
        if self.word is ContainerWord.UNKNOWN:
            return self.started_at is not None
        return self.running or self.ended or self.restarts > 0

    @property
    def title(self) -> str:
        """Its role and its name, as in a sentence."""
        return f"container {self.name}" if self.role is Role.RENDER else f"{self.role.value} {self.name}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A pod and its Job."""

    job: JobEnd = JobEnd.NONE
    terminal: bool = False
    """The pod is there, and all its containers have ended, or will never begin."""
    word: PodWord = PodWord.NONE
    """Why it failed as a whole."""
    reason: str = ""
    message: str = ""
    """The same as the kubelet wrote it."""
    disruption: str = ""
    """The reason of its condition DisruptionTarget; empty without one."""
    disruption_message: str = ""
    disrupted_at: datetime | None = None
    deleted_at: datetime | None = None
    """When its deletion was requested."""
    ends_by: datetime | None = None
    """When its grace period is over, of one that is being deleted: by then its kubelet has ended it."""
    node: str = ""
    containers: tuple[ContainerEvidence, ...] = ()

    @property
    def render(self) -> ContainerEvidence | None:
        """The container whose end is the attempt's."""
        return next((c for c in self.containers if c.role is Role.RENDER), None)

    @property
    def began(self) -> bool:
        """Whether any of its containers ran."""
        return any(c.began for c in self.containers)

    @property
    def untouched(self) -> bool:
        """Whether it is known that nothing of it ran."""
        return self.terminal and all(c.unstartable or not (c.ended or c.running) for c in self.containers)

    @property
    def words(self) -> str:
        """Why it failed as a whole, as the kubelet has written it: `Evicted: …`."""
        reason, message = self.reason, self.message.strip()
        if not (reason or message):
            reason, message = self.disruption, self.disruption_message.strip()
        return f"{reason}: {message}" if reason and message else reason or message
