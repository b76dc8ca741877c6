"""OutputStore: where the frames of a job lie, whatever keeps them.

Who verifies, publishes, merges or previews asks a store, and names no file itself. A new kind of place is a class after
`FileStore`, in a file of its own, and a line in `STORES`. Attempts have directories of their own on the machine that
renders, whatever keeps the frames (`own.py`); a store says where, and takes what counts of what they leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from renderjob.frames import FilePattern, FrameSet

from .ended import Ended, Found, look_at_ended, publish_ended
from .fenced import Fence, look_fenced
from .look import Asked, Look, look
from .own import stage
from .publish import RESERVED
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

    @property
    def root(self) -> Path:
        """The directory of this machine below which attempts have their own."""

    def prepare(self, files: Sequence[str]) -> None:
        """Make the place, and what it takes for files of such names to be written to it.

        Raises:
            OSError: it can't be made.
        """

    def stage(self, own: Path, files: Sequence[str]) -> None:
        """Make an attempt's own directory, for files of such names.

        Raises:
            OSError: it can't be made.
        """

    def verify_ended(self, ended: Ended) -> Found:
        """Which frames of an attempt that has ended count.

        Raises:
            OSError: it can't be said.
        """

    def publish_ended(self, ended: Ended, kept: FrameSet) -> tuple[FrameSet, str]:
        """Move up what an attempt left in its own directory, of its frames those that are kept.

        Returns the frames whose files turned out to be none, and what else was not moved up, and why.

        Raises:
            OSError: it can't be moved.
        """


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

    @property
    def root(self) -> Path:
        """Beside the frames, so that nothing is copied when it is moved up."""
        return self.directory / RESERVED

    def prepare(self, files: Sequence[str]) -> None:
        """Make the directory, and the sub-directories of files, which most renderers do not make."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for file in files:
            (self.directory / file).parent.mkdir(parents=True, exist_ok=True)

    def stage(self, own: Path, files: Sequence[str]) -> None:
        """As `own.stage`."""
        stage(own, files)

    def verify_ended(self, ended: Ended) -> Found:
        """As `look_at_ended`."""
        return look_at_ended(self.directory, ended)

    def publish_ended(self, ended: Ended, kept: FrameSet) -> tuple[FrameSet, str]:
        """As the function of this name."""
        return publish_ended(self.directory, ended, kept)


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
