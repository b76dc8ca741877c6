"""Requests that an executor writes for `merge` and `verify`, read; and progress as OpenJD tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import MergeRequest, damaged
from renderjob.outputs import Asked, Doubtful, Fence, OutputStore, RunningAttempt, open_store, written_answer
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
    store = open_store(data["directory"])
    if "running" in data:
        return _look_at_running(store, data)
    asked = Asked(
        FrameSet.parse(data["frames"]),
        patterns=_patterns(data),
        files=tuple((FrameSet.parse(frames), file) for frames, file in data.get("files", ())),
        min_bytes=data.get("minBytes", 1),
        check=damaged if data.get("check") == "Decode" else None,
        doubtful=tuple(
            Doubtful(
                FrameSet.parse(some["frames"]),
                float(some["since"]),
                FrameSet.parse(some.get("finished", "")),
            )
            for some in data.get("doubtful", ())
        ),
    )
    found = store.publish(asked, _fence(data["fence"])) if data.get("fence") else store.verify(asked)
    return found.answer()


def _patterns(data: dict[str, Any]) -> tuple[FilePattern, ...]:
    names = data.get("patterns") or ([data["pattern"]] if data.get("pattern") else [])
    return tuple(map(FilePattern, names))


def _look_at_running(store: OutputStore, data: dict[str, Any]) -> str:
    directory = Path(data["directory"])
    running = [
        RunningAttempt(
            int(each["id"]),
            FrameSet.parse(each["frames"]),
            float(each["since"]),
            directory / each["own"] if each.get("own") else None,
        )
        for each in data["running"]
    ]
    return written_answer(store.written(_patterns(data), running, data.get("minBytes", 1)))


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
