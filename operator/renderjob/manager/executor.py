"""JobExecutor: runs attempts at chunks and at the merge: as local processes, or as Kubernetes Jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from renderjob.api import RenderJob
from renderjob.core import Action, Observed

Listener = Callable[[str], None]
"""Called with a job's uid when something about its attempts changed."""


class JobExecutor(Protocol):
    """Observes and acts; decides nothing."""

    async def observe(self, job: RenderJob) -> Observed:
        """What there is of the job's attempts, from what is followed anyway.

        It sends no request but for what an attempt has left, once, whose end was told before that; and, rarely, for
        the reason why attempts do not start.

        Read-your-writes: after `perform(Start)` returned, the attempt is observed until it is forgotten, unless
        it vanished.

        Raises:
            ExecutorError: it can't be observed now; nothing is decided, and it is requeued.
        """

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        """Do what a decision asks for, in this order or side by side. Idempotent: asked again, it does nothing more.

        A large decision comes in parts, between which other jobs have their turn.

        Raises:
            ExecutorError: not all of it worked now; all was tried, and is asked for again. Never a failure of the
                render.
        """

    async def abandon(self, uid: str) -> None:
        """Stop and remove all attempts of a job that is gone."""

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` whenever an attempt changed."""


class ExecutorError(Exception):
    """The executor can't observe or act at the moment."""
