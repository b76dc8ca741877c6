"""`spec.chunks`: how the frames are cut, and which chunk comes first."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from .base import ApiModel, cel
from .duration import Duration
from .frames import FrameExpression

Argument = Annotated[str, Field(max_length=16384)]

DEFAULT_SIZE = 10


def checked_below(file: str) -> str:
    """A file's name that does not lead out of output.path."""
    if file.startswith("/") or ".." in file.split("/"):
        raise ValueError("must be a file below output.path: relative, without '..'")
    return file


class Order(StrEnum):
    """Which chunk is started first."""

    FORWARD = "Forward"
    REVERSE = "Reverse"
    ENDS_FIRST = "EndsFirst"
    STRIDE = "Stride"
    BISECT = "Bisect"
    SEQUENTIAL = "Sequential"


class ExplicitChunk(ApiModel):
    """A chunk that brings its own command, as a farm manager's job file lists them."""

    frames: FrameExpression
    """The frames that this chunk renders; no frame may be in two chunks."""
    command: Annotated[list[Argument], Field(max_length=1024)] = Field(default_factory=list)
    """Replaces the render container's command; empty keeps it."""
    args: Annotated[list[Argument], Field(max_length=1024)] = Field(default_factory=list)
    """Replaces the render container's args when not empty, or when `command` is given."""
    output: Annotated[str, Field(max_length=1024), AfterValidator(checked_below)] = ""
    """The file that this chunk writes, below `output.path`; with it, the chunk counts only when it exists."""


class ChunksSpec(ApiModel):
    """How the frames are cut into chunks; each chunk is one attempt of the render container at a time."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                "[has(self.size), has(self.targetDuration), has(self.explicit)].filter(x, x).size() <= 1",
                "set only one of size, targetDuration and explicit",
            ),
            (
                "!has(self.targetDuration) || self.targetDuration.matches('[1-9]')",
                "targetDuration must be more than 0s",
            ),
        )
    )

    size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Frames in a chunk. 10 when neither size, targetDuration nor explicit is given."""
    target_duration: Duration | None = None
    """How long a chunk should take: its size follows from the frame times measured so far."""
    explicit: Annotated[list[ExplicitChunk], Field(min_length=1, max_length=10_000)] | None = None
    """The chunks themselves, in the order to start them, each with its own command."""
    order: Order = Order.FORWARD
    """Forward; Reverse; EndsFirst: the first, then the last, then forward; Stride: every `stride`-th chunk
    first; Bisect: halves of halves, for an early look at the whole; Sequential: one after the other, each only when
    the one before is whole, for frames that need those before them (simulations): whatever `parallelism` says, one
    chunk runs at a time, and a frame that fails for good takes those after it along."""
    stride: Annotated[int, Field(ge=2, le=10_000)] = 10
    """For the order Stride: every n-th chunk is started first, then the rest forward."""

    @model_validator(mode="after")
    def _one_mode(self) -> Self:
        given = [
            name
            for name, value in (
                ("size", self.size),
                ("targetDuration", self.target_duration),
                ("explicit", self.explicit),
            )
            if value is not None
        ]
        if len(given) > 1:
            raise ValueError(
                f"set only one of size, targetDuration and explicit; found {' and '.join(given)}"
            )
        if self.target_duration is not None and self.target_duration <= 0:
            raise ValueError("targetDuration must be more than 0s")
        return self

    def listed_output(self, number: int) -> str:
        """The file that a listed chunk writes; empty without one, and when an edit has taken the chunk away."""
        listed = self.explicit or []
        return listed[number].output if number < len(listed) else ""
