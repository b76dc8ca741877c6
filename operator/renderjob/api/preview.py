"""`spec.preview`: some frames first, for a look before the rest is paid for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from .base import ApiModel
from .frames import MAX_EXPRESSION, frames_of


class Approval(StrEnum):
    """Whether somebody must look before the rest is rendered."""

    NONE = "None"
    REQUIRED = "Required"


def _checked_preview(value: str) -> str:
    if value not in ("Ends", "Stride"):
        frames_of(value)
    return value


class PreviewSpec(ApiModel):
    """Some frames first, for a look before the rest is paid for."""

    frames: Annotated[
        str,
        Field(min_length=1, max_length=MAX_EXPRESSION, pattern=r"^(Ends|Stride|-?[0-9][0-9xy:, \-]*)$"),
        AfterValidator(_checked_preview),
    ] = "Ends"
    """Ends: the first, the middle and the last frame. Stride: every `chunks.stride`-th frame. Or a frame
    expression; what is not among the job's frames is left out."""
    approval: Approval = Approval.NONE
    """Required: the job waits, at no cost, after the preview until `approved` is true."""
    approved: bool = False
    """Set to true after a look at the preview."""
