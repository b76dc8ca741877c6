"""A draft of the status: its plain fields, as one decision changes them. Frames and attempts have their own place.

Each field is named, and typed, as the one of `RenderJobStatus` that it becomes; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from renderjob.api import (
    CanaryStatus,
    FrameSeconds,
    FreeFailures,
    InputStatus,
    MergeStatus,
    RenderJobStatus,
    Revision,
    StartStatus,
    VerifyStatus,
)


@dataclass(slots=True)
class Draft:
    """What the steps of a decision read and write of the status, one after the other."""

    # What is asked for, and what was acted on of it.
    digest: str
    observed_retry: int
    observed_rerender: int
    inputs: list[InputStatus]
    revisions: list[Revision]
    # How it goes on.
    next_attempt: int
    passes: int
    barren: int
    canary: CanaryStatus
    start: StartStatus
    free_failures: FreeFailures
    backoffs: int
    backoff_until: datetime | None
    disk_full: str
    learned_memory: str | None
    learned_beside: dict[str, str]
    verify: VerifyStatus
    merge: MergeStatus
    fatal: str
    fatal_reason: str
    # Times.
    started_at: datetime | None
    active_since: datetime | None
    queued_since: datetime | None
    completed_at: datetime | None
    frame_seconds: FrameSeconds
    estimated_completion: datetime | None
    estimated_completion_p90: datetime | None
    eta_shown: str

    @classmethod
    def of(cls, status: RenderJobStatus) -> Self:
        """The draft of a decision that has changed nothing yet."""
        return cls(**{name: getattr(status, name) for name in _NAMES})

    def changes(self, before: RenderJobStatus) -> dict[str, Any]:
        """The fields that are not what they were, by their Python names."""
        now = {name: getattr(self, name) for name in _NAMES}
        return {name: value for name, value in now.items() if value is not getattr(before, name)}


_NAMES = tuple(field.name for field in fields(Draft))
