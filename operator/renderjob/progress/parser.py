"""What every parser of a renderer's log is given, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Update(NamedTuple):
    """What one line says; a field that the line says nothing about keeps its default."""

    fraction: float | None = None
    """0 to 1 of the whole chunk, as the renderer has it; it may fall, the reader sees to that."""
    frames_done: tuple[int, ...] = ()
    """Real numbers of frames of which this line says that all files are written."""
    current_frame: int | None = None
    """Real number of the frame being rendered."""
    status: str | None = None
    """A few words for a person."""
    fail: str | None = None
    """The renderer's own words that it failed for good."""
    unsaved: str | None = None
    """Its own words that it could not save a frame; another attempt may."""
    frames_undone: tuple[int, ...] = ()
    """Frames of which a file could not be written: they are not finished, whatever other lines say."""
    movie: bool = False
    """``frames_done`` lie in one movie file, which a chunk that dies leaves unreadable."""


@dataclass(frozen=True, slots=True)
class ChunkContext:
    """The frames of one chunk: ``start`` to ``end`` inclusive, every ``step``-th, ``count`` of them.

    ``output``, when given, is the folder that the chunk writes to: a file that a renderer says it wrote
    elsewhere (a plate unpacked to /tmp, a second pass) then finishes no frame. ``frame_of``, when given, knows
    which file is a frame's: its frame, of a path below ``output``, None for any other file.
    """

    start: int
    end: int
    step: int = 1
    count: int = 1
    output: str = ""
    frame_of: Callable[[str], int | None] | None = field(default=None, compare=False)

    def __contains__(self, frame: object) -> bool:
        return (
            isinstance(frame, int)
            and self.start <= frame <= self.end
            and (frame - self.start) % self.step == 0
        )

    def frames(self, begin: int, end: int) -> tuple[int, ...]:
        """Return the frames at the indices from ``begin`` to before ``end``, as far as there are any."""
        return tuple(self.start + index * self.step for index in range(begin, min(end, self.count)))

    def at(self, index: int) -> int | None:
        """Return the frame at an index from 0, None behind the last one."""
        return self.start + index * self.step if 0 <= index < self.count else None

    def holds(self, path: str) -> bool:
        """Whether a written file may be one of the chunk's: only an absolute path elsewhere may not."""
        if not self.output.startswith("/") or not path.startswith("/"):
            return True
        return path.startswith(self.output.rstrip("/") + "/")


class LineParser(Protocol):
    """Reads one attempt's log, line by line; it may remember earlier lines of the same attempt."""

    def feed(self, line: str) -> Update | None:
        """Return what the line says, None for a line that says nothing to this parser."""
        ...
