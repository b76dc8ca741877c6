"""Backend: where jobs are, for the commands: the local store, or a cluster with the same verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from renderjob.api import RenderJob
    from renderjob.manager import JobManager


class Backend(Protocol):
    """Jobs, and the verbs on them."""

    manager: JobManager
    """The verbs. It runs nothing."""

    async def list(self) -> list[RenderJob]:
        """All jobs, the oldest first."""

    async def find(self, reference: str, namespace: str | None = None) -> RenderJob:
        """The job that a reference means.

        Raises:
            CliError: none, or several.
        """

    def attended(self, job: RenderJob) -> bool:
        """Whether something works on the job, so that an edit of it is taken up by itself."""

    def changes(self) -> AsyncIterator[None]:
        """Yields at once, and then whenever something may have changed; does not end by itself."""
