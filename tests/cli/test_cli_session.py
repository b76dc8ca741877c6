"""A run of this process whose store does not take everything at once."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from renderjob.api import RenderJob, State
from renderjob.cli.backends.local import local_backend
from renderjob.cli.backends.ownership import running
from renderjob.cli.backends.session import JobRun, Session
from renderjob.cli.live.events import JobEvent
from renderjob.cli.live.snapshot import Snapshot
from renderjob.cli.live.summary import Summary
from renderjob.cli.where import Where
from renderjob.manager import ConflictError, RepositoryError
from renderjob.manager.verbs import ATTEMPTS
from support import jobs


class Interrupting:
    """Presses Ctrl-C once, as soon as it is shown how the job is."""

    period = 0.02

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.pressed = False

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None: ...
    def event(self, event: JobEvent) -> None: ...
    def end(self, summary: Summary) -> None: ...
    def close(self) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)

    def refresh(self, snapshot: Snapshot) -> None:
        if not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("error", "times"),
    [(ConflictError("somebody else wrote it"), 2 * ATTEMPTS), (RepositoryError("database is locked"), 2)],
    ids=["written all the time", "locked"],
)
async def test_a_cancel_that_is_not_taken_at_once_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: RepositoryError, times: int
) -> None:
    async with local_backend(Where(directory=tmp_path / "store"), create=True) as backend:
        job = await backend.repository.create(jobs.job(command=["sleep", "3600"], frames="1-2"))
        save, refusals = backend.repository.save, [error] * times

        async def refusing(edited: RenderJob) -> RenderJob:
            if edited.spec.cancel and refusals:
                raise refusals.pop()
            return await save(edited)

        monkeypatch.setattr(backend.repository, "save", refusing)
        reporter = Interrupting()
        with running(backend.store, job.metadata.uid, job.metadata.name):
            session = Session(backend.store, backend.repository, [JobRun(job, reporter)], place=backend.place)
            [summary] = await session.run()
    assert not refusals
    assert summary.state is State.CANCELLED
    assert len(reporter.notes) == 2, "it is told once"
    assert str(error) in reporter.notes[1] or "being written all the time" in reporter.notes[1]
