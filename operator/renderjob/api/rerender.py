"""`spec.rerender`: frames to render once more although they are there."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import ApiModel
from .frames import FrameExpression


class RerenderSpec(ApiModel):
    """Frames to render once more although they are rendered: a texture was mended, a picture has a flaw."""

    frames: FrameExpression
    """A frame expression; what is not among the job's frames is left out. Of chunks that write one file, all
    frames of the chunk are rendered."""
    request: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1
    """Raise it to ask again."""
