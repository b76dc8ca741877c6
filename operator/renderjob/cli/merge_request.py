"""The merge request that an executor writes, read, and its progress as OpenJD tells it."""

from __future__ import annotations

import json
from pathlib import Path

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import MergeRequest


class Percent:
    """Prints `openjd_progress: 42` when the percentage rises."""

    def __init__(self) -> None:
        self.total = 0
        self._last = -1

    def __call__(self, frames: int) -> None:
        """So many frames are written."""
        if self.total <= 0:
            return
        percent = min(100, 100 * frames // self.total)
        if percent > self._last:
            self._last = percent
            print(f"openjd_progress: {percent}", flush=True)


def read_request(path: Path, percent: Percent) -> MergeRequest:
    """The request of a JSON file.

    Raises:
        OSError: it can't be read.
        ValueError, KeyError, TypeError: it is no request.
    """
    data = json.loads(path.read_text())
    frames, failed = FrameSet.parse(data["frames"]), FrameSet.parse(data.get("failed", ""))
    percent.total = len(frames)
    return MergeRequest(
        directory=Path(data["directory"]),
        file=data["file"],
        pattern=FilePattern(data["pattern"]) if data.get("pattern") else None,
        frames=frames,
        failed=failed,
        parts=tuple(data.get("parts") or ()),
        fps=data.get("fps"),
        codec=data.get("codec", "h264"),
        min_bytes=data.get("minBytes", 1),
        extra_args=tuple(data.get("args") or ()),
        on_progress=percent,
    )
