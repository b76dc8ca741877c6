"""NoExecutor: for a manager that only edits jobs."""

from __future__ import annotations

from renderjob.api import RenderJob
from renderjob.core import Action, Observed
from renderjob.manager import ExecutorError, Listener


class NoExecutor:
    """Runs nothing: another process, an operator, or nobody does."""

    async def observe(self, job: RenderJob) -> Observed:
        """Not from here."""
        raise ExecutorError(f"{job.key} is not run by this process")

    async def perform(self, job: RenderJob, action: Action) -> None:
        """Not from here."""
        raise ExecutorError(f"{job.key} is not run by this process: {action}")

    async def abandon(self, uid: str) -> None:
        """There is nothing of ours to end."""

    def subscribe(self, listener: Listener) -> None:
        """Nothing changes by us."""
