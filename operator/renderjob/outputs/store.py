"""OutputStore: where the frames of a job lie, whatever keeps them.

Who verifies, publishes, merges or previews asks a store, and names no file itself. A new kind of place is a class after
`FileStore`, in a file of its own, and a line in `STORES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from renderjob.frames import FilePattern, FrameSet

from .fenced import Fence, look_fenced
from .look import Asked, Look, look
from .verify import Verification, path_of, verify_frames
from .written import RunningAttempt, WrittenFiles, look_at_running


class OutputStore(Protocol):
    """The place that `output.path` names."""

    def present(self, pattern: FilePattern, frames: FrameSet, min_bytes: int = 1) -> Verification:
        """Which frames have a file of this name.

        Raises:
            OSError: it can't be said.
        """

    def verify(self, asked: Asked) -> Look:
        """Which frames are there and count, and what is wanting of the others.

        Raises:
            OSError: it can't be said.
        """

    def publish(self, asked: Asked, fence: Fence) -> Look:
        """Move up what attempts left in directories of their own, then answer as `verify`.

        Raises:
            OSError: it can't be read, or written to.
        """

    def written(
        self, patterns: Sequence[FilePattern], running: Sequence[RunningAttempt], min_bytes: int = 1
    ) -> list[WrittenFiles]:
        """What attempts that run have written so far; those that have written nothing are left out."""

    def file(self, pattern: FilePattern, frame: int) -> Path:
        """A frame's file, to be read on this machine."""


@dataclass(frozen=True, slots=True)
class FileStore:
    """A directory of this machine, or of a volume that is mounted here."""

    directory: Path

    def present(self, pattern: FilePattern, frames: FrameSet, min_bytes: int = 1) -> Verification:
        """As `verify_frames`."""
        return verify_frames(self.directory, pattern, frames, min_bytes)

    def verify(self, asked: Asked) -> Look:
        """As `look`."""
        return look(self.directory, asked)

    def publish(self, asked: Asked, fence: Fence) -> Look:
        """As `look_fenced`."""
        return look_fenced(self.directory, asked, fence)

    def written(
        self, patterns: Sequence[FilePattern], running: Sequence[RunningAttempt], min_bytes: int = 1
    ) -> list[WrittenFiles]:
        """As `look_at_running`."""
        return look_at_running(self.directory, patterns, running, min_bytes)

    def file(self, pattern: FilePattern, frame: int) -> Path:
        """As `path_of`."""
        return path_of(self.directory, pattern, frame)


STORES: Final[Mapping[str, Callable[[str], OutputStore]]] = {
    "": lambda place: FileStore(Path(place)),
}
"""Stores by the scheme of the place that they are for; a path has none."""


def open_store(place: str | Path) -> OutputStore:
    """The store of a place.

    Raises:
        ValueError: nobody knows such a place; names what is known.
    """
    scheme = str(place).partition("://")[0] if "://" in str(place) else ""
    if scheme not in STORES:
        known = ", ".join(f"{name}://" if name else "a directory" for name in STORES)
        raise ValueError(f"output can't lie at {place}: known places are {known}")
    return STORES[scheme](str(place))
