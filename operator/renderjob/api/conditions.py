"""`status.conditions`: kstatus' Ready, Reconciling and Stalled, the batch API's Complete, Failed, Suspended; Slowed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import ApiModel


class ConditionType(StrEnum):
    """What a condition is about, in the order in which they are shown."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    COMPLETE = "Complete"
    FAILED = "Failed"
    SUSPENDED = "Suspended"
    OUTPUT_SHARED = "OutputShared"
    """Another job writes the same files; only there while it is so."""
    SLOWED = "Slowed"
    """Looks at it cost too much and are few and far between; only there while it is so."""


class Condition(ApiModel):
    """One condition, as metav1.Condition."""

    type: ConditionType
    """What it is about."""
    status: Annotated[str, Field(pattern="^(True|False|Unknown)$", max_length=7)]
    """True, False or Unknown."""
    reason: Annotated[
        str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    ]
    """Why, in one word for programs."""
    message: Annotated[str, Field(max_length=32768)] = ""
    """Why, in a sentence for people."""
    last_transition_time: datetime
    """When its status last changed."""
    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The generation of the spec that it speaks of."""
