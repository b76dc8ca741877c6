"""A chunk as a JobSpec lists it."""

from __future__ import annotations

from dataclasses import dataclass

from renderjob.frames import FrameSet


@dataclass(frozen=True, slots=True)
class SourceChunk:
    """A chunk of the JobSpec."""

    start: int
    count: int
    command: tuple[str, ...]
    """Program and arguments."""
    output: str | None
    """The file it writes, as the JobSpec names it."""

    @property
    def end(self) -> int:
        """The last frame."""
        return self.start + self.count - 1

    @property
    def frames(self) -> FrameSet:
        """Its frames."""
        return FrameSet.range(self.start, self.end)
