"""An executor without processes: what is started has rendered at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from renderjob.api import RenderJob
from renderjob.core import Action, AttemptObservation, Forget, Observed, Phase, Start


class Rendering:
    """An executor whose attempts succeed at once."""

    def __init__(self) -> None:
        self.attempts: dict[int, AttemptObservation] = {}

    def subscribe(self, listener: Callable[[str], None]) -> None:
        self.tell = listener

    async def observe(self, job: RenderJob) -> Observed:
        return Observed(job.metadata.uid, job.metadata.generation, tuple(self.attempts.values()))

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Start(attempt):
                    self.attempts[attempt.id] = AttemptObservation(attempt.id, Phase.SUCCEEDED)
                    self.tell(job.metadata.uid)
                case Forget(id=id_):
                    self.attempts.pop(id_, None)

    async def abandon(self, uid: str) -> None:
        self.attempts.clear()
