"""`spec.progress`: how progress is read from what the renderer prints."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from renderjob.progress import check_pattern

from .base import ApiModel


class ParserName(StrEnum):
    """Which renderer's output is understood."""

    AUTO = "Auto"
    BLENDER = "Blender"
    FFMPEG = "FFmpeg"
    OPENJD = "OpenJD"
    NONE = "None"


def _checked_pattern(pattern: str) -> str:
    check_pattern(pattern)
    return pattern


class ProgressSpec(ApiModel):
    """How progress is read from what the renderer prints."""

    parser: ParserName = ParserName.AUTO
    """Auto understands Blender, ffmpeg and OpenJD messages."""
    pattern: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_checked_pattern)] | None = (
        None
    )
    """A regular expression (RE2's) of your own with named groups: percent, fraction, frame (being rendered),
    done (a finished frame), status, fail."""
