"""StoredAttempts: attempts that another process of this machine runs, by what it wrote to the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.core.inflight import InFlight, parse
from renderjob.executors.local import LocalAttempt, log_files, output_directory
from renderjob.executors.reading import reader_for

from .attempts import LiveAttempt, of_processes, unseen


class StoredAttempts:
    """The attempts in flight of one job, each with its log file as far as it was read."""

    def __init__(self, logs: Path) -> None:
        """`logs` is the directory of the job's logs."""
        self._logs = logs
        self._read: dict[int, LocalAttempt] = {}

    def observe(self, job: RenderJob) -> Sequence[LiveAttempt]:
        """Read what the logs have grown by."""
        entries = {entry.id: entry for entry in map(parse, job.status.in_flight)}
        self._read = {id_: attempt for id_, attempt in self._read.items() if id_ in entries}
        if entries.keys() - self._read.keys():
            self._find(job, entries)
        for attempt in self._read.values():
            attempt.follow()
        seen = of_processes(list(self._read.values()))
        return [*seen, *(unseen(entry) for entry in entries.values() if entry.id not in self._read)]

    def _find(self, job: RenderJob, entries: dict[int, InFlight]) -> None:
        output = str(output_directory(job) or "")
        for file in log_files(self._logs):
            entry = entries.get(file.id)
            if entry is not None and file.id not in self._read:
                reader = reader_for(job.spec, entry.kind, entry.frames, output)
                self._read[file.id] = LocalAttempt(entry.attempt(0), file.path, reader, file.started)
