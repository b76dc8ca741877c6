"""JSON lines, for programs: one object a line on stdout, the last one the result."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from renderjob.api import RenderJob
from renderjob.cli.text import say

from .events import JobEvent
from .snapshot import Snapshot
from .summary import Summary

EVERY_SECONDS = 1.0


class JsonReporter:
    """Objects of the types job, note, event, progress and result."""

    period = 0.25

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()
        self._last_time = -EVERY_SECONDS
        self._of: dict[str, str] = {}
        """Whose line it is, in each: of several jobs they stand among each other."""

    def _line(self, kind: str, **fields: Any) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "type": kind,
            **self._of,
            **fields,
        }
        say(json.dumps(line, ensure_ascii=False), file=sys.stdout, flush=True)

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:
        """Which job it is."""
        meta = job.metadata
        self._of = {"job": job.key}
        self._line("job", name=meta.name, namespace=meta.namespace, uid=meta.uid)
        for note in notes:
            self._line("note", message=note)

    def event(self, event: JobEvent) -> None:
        """An event."""
        fields: dict[str, Any] = {"reason": event.reason, "message": event.text, "warning": event.warning}
        if event.failure is not None:
            fields["failure"] = event.failure.to_wire()
        if event.follows:
            fields["follows"] = event.follows
        self._line("event", **fields)

    def note(self, text: str) -> None:
        """A sentence."""
        self._line("note", message=text)

    def refresh(self, snapshot: Snapshot) -> None:
        """Progress, at most once a second and only when something changed."""
        status = snapshot.job.status
        now = (status.state, snapshot.percent, snapshot.frames_done, status.active, status.completed_chunks)
        if now == self._last or snapshot.seconds - self._last_time < EVERY_SECONDS:
            return
        self._last, self._last_time = now, snapshot.seconds
        self._line(
            "progress",
            state=status.state.value,
            progress=snapshot.percent,
            completedFrames=snapshot.frames_done,
            totalFrames=status.total_frames,
            completedChunks=status.completed_chunks,
            totalChunks=status.total_chunks,
            active=status.active,
            framesPerSecond=round(snapshot.rate, 3),
            secondsLeft=None if snapshot.left is None else round(snapshot.left, 1),
            attempts=[_attempt(chunk) for chunk in snapshot.chunks],
        )

    def end(self, summary: Summary) -> None:
        """The result, with the whole status."""
        job = summary.job
        self._line(
            "result",
            state="Deleted" if summary.gone else job.status.state.value,
            exitCode=int(summary.exit_code),
            seconds=round(summary.seconds, 3),
            rendered=summary.rendered,
            failures=dict(summary.failures),
            output=summary.place.output(job),
            merged=summary.place.merged(job),
            status=job.status.to_wire(),
        )

    def close(self) -> None:
        """Nothing is open."""


def _attempt(chunk: Any) -> dict[str, Any]:
    return {
        "frames": chunk.frames,
        "merge": chunk.merge,
        "attempt": chunk.attempt,
        "fraction": round(chunk.fraction, 4),
        "frame": chunk.current_frame,
        "status": chunk.status,
        "seconds": None if chunk.seconds is None else round(chunk.seconds, 1),
    }
