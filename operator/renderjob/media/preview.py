"""A look at what is rendered so far: a contact sheet, or a small video in which frames stand in for those between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderjob.api.merge import CONTAINERS
from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import Verification, open_store

from .contact_sheet import SUFFIXES as SHEETS
from .contact_sheet import contact_sheet
from .errors import MergeError
from .picture import decode_picture
from .result import frame_rate
from .sequence import merge_sequence

MOST = 24
"""Pictures on a sheet at most; of more, as many evenly spread ones."""

WIDEST = 960
"""Pixels of a video's width at most: it is for a look, and may come through a pod's log."""

VIDEOS = (*CONTAINERS["h264"], ".webm")
"""The extensions of a video."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The frames to show, and how."""

    directory: Path
    pattern: FilePattern
    wanted: FrameSet
    """The frames to show, as far as they are there."""
    shot: FrameSet
    """The frames that a video lasts for, when frames are held."""
    rate: str = "24"
    """Frames a second of a video."""
    hold: bool = True
    """A frame is shown until the next one's time, so that a video is as long as the shot; else just once."""
    columns: int = 6
    """Of a sheet."""
    width: int = 240
    """Pixels, of a picture on a sheet."""
    min_bytes: int = 1
    """A smaller file is no frame."""
    layer: str = ""
    """Of multi-layer EXR; left out, the one that is the picture."""

    def found(self) -> Verification:
        """Which of the frames are there."""
        return open_store(self.directory).present(self.pattern, self.wanted, self.min_bytes)

    def check(self, targets: Sequence[str]) -> None:
        """Refuse, before anything is made or read, what can't be made.

        Raises:
            MergeError: a file name that is neither a sheet's nor a video's, or a rate that is none.
        """
        frame_rate(self.rate)
        for name in targets:
            if Path(name).suffix.lower() not in (*SHEETS, *VIDEOS):
                raise MergeError(
                    f"a preview ends in {', '.join(SHEETS)} (a contact sheet) or in {', '.join(VIDEOS)} "
                    f"(a video); found {name!r}"
                )

    def make(self, target: Path) -> str:
        """Make a sheet, or a video, as the extension says. Returns what is in it, in words.

        Raises:
            MediaError: none of the frames is there, or one can't be read.
        """
        present = self.found().present
        if not present:
            raise MergeError(f"none of {_count(self.wanted)} is in {self.directory} yet")
        if target.suffix.lower() in SHEETS:
            return self._sheet(present, target)
        return self._video(present, target)

    def _sheet(self, present: FrameSet, target: Path) -> str:
        numbers = list(present)
        paths = [open_store(self.directory).file(self.pattern, frame) for frame in numbers]
        contact_sheet(
            paths,
            target,
            numbers=numbers,
            thumbnails=MOST,
            columns=self.columns,
            width=self.width,
            layer=self.layer,
        )
        return f"{min(MOST, len(present))} of {_count(present)}: {_short(present)}"

    def _video(self, present: FrameSet, target: Path) -> str:
        shot = (self.shot | present) if self.hold else present
        made = merge_sequence(
            self.directory,
            self.pattern,
            shot,
            target,
            fps=self.rate,
            codec="vp9" if target.suffix.lower() == ".webm" else "h264",
            failed=shot - present,
            min_bytes=self.min_bytes,
            extra_args=self._smaller(present),
            layer=self.layer,
        )
        length = f"{made.seconds:.1f}s at {self.rate} a second"
        if made.frames > len(present):
            return f"{_count(present)}, held for those between: {length}, as long as the shot"
        return f"{_count(present)}, {length}"

    def _smaller(self, present: FrameSet) -> list[str]:
        """Options for ffmpeg that make a large picture small."""
        first = decode_picture(open_store(self.directory).file(self.pattern, present.first), self.layer)
        if first.width <= WIDEST:
            return []
        return ["-s", f"{WIDEST}x{max(2, round(WIDEST * first.height / first.width / 2) * 2)}"]


def _count(frames: FrameSet) -> str:
    return "1 frame" if len(frames) == 1 else f"{len(frames)} frames"


def _short(frames: FrameSet, most: int = 60) -> str:
    text = str(frames)
    return text if len(text) <= most else f"{text[:most]}…"
