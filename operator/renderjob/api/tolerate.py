"""`spec.tolerate`: what may be missing from a job that still counts as complete."""

from __future__ import annotations

from .base import ApiModel
from .quantity import CountOrPercent


class TolerateSpec(ApiModel):
    """What may be missing from a job that still counts as complete."""

    failed_frames: CountOrPercent = 0
    """A number of frames, or a percentage of the frames asked for."""
