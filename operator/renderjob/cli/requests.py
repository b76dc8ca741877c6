"""Requests that an executor writes for `merge` and `verify`, read; and progress as OpenJD tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import (
    Doubtful,
    Fence,
    MergeRequest,
    RunningAttempt,
    look,
    look_at_running,
    look_fenced,
    written_answer,
)
from renderjob.workload.requests import PACKED, unpack


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


def read_document(argument: str) -> dict[str, Any]:
    """A request: packed into the argument itself, or in the JSON file that it names.

    Raises:
        OSError: the file can't be read.
        ValueError: it is no request.
    """
    return unpack(argument if argument.startswith(PACKED) else Path(argument).read_text())


def read_merge_request(argument: str, percent: Percent) -> MergeRequest:
    """What to merge.

    Raises:
        OSError: it can't be read.
        ValueError, KeyError, TypeError: it is no request.
    """
    data = read_document(argument)
    frames, failed = FrameSet.parse(data["frames"]), FrameSet.parse(data.get("failed", ""))
    percent.total = len(frames)
    return MergeRequest(
        directory=Path(data["directory"]),
        file=data["file"],
        pattern=FilePattern(data["pattern"]) if data.get("pattern") else None,
        frames=frames,
        failed=failed,
        parts=tuple(data.get("parts") or ()),
        part_frames=tuple(FrameSet.parse(some) for some in data.get("partFrames") or ()),
        fps=data.get("fps"),
        codec=data.get("codec", "h264"),
        min_bytes=data.get("minBytes", 1),
        extra_args=tuple(data.get("args") or ()),
        layer=data.get("layer", ""),
        trial=bool(data.get("trial")),
        on_progress=percent,
    )


def look_at(argument: str) -> str:
    """Look for the files that a request names; the answer. Fenced ones are moved up to where frames lie.

    Raises:
        OSError: the request, or the directory, can't be read; or nothing can be moved in it.
        ValueError, KeyError, TypeError: it is no request.
    """
    data = read_document(argument)
    directory = Path(data["directory"])
    if "running" in data:
        return _look_at_running(directory, data)
    frames = FrameSet.parse(data["frames"])
    wanted: dict[str, Any] = {
        "pattern": FilePattern(data["pattern"]) if data.get("pattern") else None,
        "others": [FilePattern(text) for text in (data.get("patterns") or ())[1:]],
        "decode": data.get("check") == "Decode",
        "files": [(FrameSet.parse(frames), file) for frames, file in data.get("files", ())],
        "min_bytes": data.get("minBytes", 1),
        "doubtful": [
            Doubtful(
                FrameSet.parse(some["frames"]),
                float(some["since"]),
                FrameSet.parse(some.get("finished", "")),
            )
            for some in data.get("doubtful", ())
        ],
    }
    if data.get("fence"):
        return look_fenced(directory, frames, _fence(data["fence"]), **wanted).answer()
    return look(directory, frames, **wanted).answer()


def _look_at_running(directory: Path, data: dict[str, Any]) -> str:
    running = [
        RunningAttempt(
            int(each["id"]),
            FrameSet.parse(each["frames"]),
            float(each["since"]),
            directory / each["own"] if each.get("own") else None,
        )
        for each in data["running"]
    ]
    patterns = [FilePattern(text) for text in data.get("patterns") or [data["pattern"]]]
    return written_answer(look_at_running(directory, patterns, running, data.get("minBytes", 1)))


def _fence(data: dict[str, Any]) -> Fence:
    return Fence(
        root=data["root"],
        job=data["job"],
        digest=data["digest"],
        any_digest=bool(data["anyDigest"]),
        before=int(data["before"]),
        beside=FrameSet.parse(data["beside"]),
        adopt=FrameSet.parse(data["adopt"]),
        all=FrameSet.parse(data["all"]) if "all" in data else None,
    )
