"""What `decide` answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from renderjob.api import EventReason, FailureClass, Reason, RenderJobStatus

from .actions import Action


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth telling, after the status that it speaks of is written."""

    reason: EventReason | Reason
    """In one word, for programs."""
    message: str
    """In a sentence, for people."""
    warning: bool = False
    """Whether somebody should look."""
    failure_class: FailureClass | None = None
    """Of an attempt that failed: why, for counting."""
    count: int = 1
    """How many attempts it tells of."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step of a job."""

    actions: tuple[Action, ...]
    """For the executor, once `status` is saved."""
    status: RenderJobStatus
    """To be saved first; the same object as before when nothing changed."""
    wake: datetime | None
    """When to decide again although nothing happened; None: only when something does."""
    events: tuple[Event, ...] = ()
    """To be told after the status is saved."""
