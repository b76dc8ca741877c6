"""The volume that frames are written to: real files in a directory, with times of the virtual farm."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from renderjob.frames import FilePattern

from .farm import Pod

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PATTERN = "####.exr"


def moment(seconds: float) -> datetime:
    """A time of the farm as a date."""
    return EPOCH + timedelta(seconds=seconds)


class Disk:
    """Takes what pods have finished."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pattern = FilePattern(PATTERN)
        self._written: dict[Pod, int] = {}

    def write(self, pod: Pod, now: float) -> None:
        """The files of all frames that a pod has finished by now."""
        done = [(at, frame) for at, frame in pod.finished if at <= now]
        for at, frame in done[self._written.get(pod, 0) :]:
            file = self.directory / self._pattern.name(frame)
            file.write_bytes(b"frame")
            seconds = moment(at).timestamp()
            os.utime(file, (seconds, seconds))
        self._written[pod] = len(done)
