"""Backend: where jobs are, for the commands: the local store, or a cluster with the same verbs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .places import Place

if TYPE_CHECKING:
    from renderjob.api import RenderJob
    from renderjob.manager import JobManager

    from .live.attempts import Attempts
    from .log_choice import Log

Result = TypeVar("Result")


@dataclass(frozen=True)
class Node:
    """A machine that renders chunks of ours."""

    name: str
    running: int
    """Chunks."""
    jobs: int
    """RenderJobs that they are of."""


@dataclass(frozen=True)
class Look:
    """What a user asks of a preview."""

    targets: Sequence[Path]
    """The files to make."""
    frames: str | None = None
    """A frame expression; None: the job's preview, or all of its frames."""
    fps: str | None = None
    """None: frames are held, so that a video is as long as the shot."""
    columns: int = 6
    width: int = 240
    directory: Path | None = None
    """Where output.path lies on this machine."""
    image: str | None = None
    """Of a pod that looks in a cluster; None: what the operator says."""
    patience: float = 120
    """Seconds that the pod may take to start."""


class Backend(Protocol):
    """Jobs, and the verbs on them."""

    place: Place
    """What a user has to know to get on with what is here."""
    manager: JobManager
    """The verbs. It runs nothing."""

    async def list(self) -> list[RenderJob]:
        """All jobs that are meant, the oldest first."""

    async def find(self, reference: str) -> RenderJob:
        """The job that a reference means.

        Raises:
            CliError: none, or several.
        """

    def watch(self, job: RenderJob | None = None) -> AsyncGenerator[Sequence[RenderJob]]:
        """What `list` says, or only this job, at once and whenever something may have changed; without an end.

        Of a job that is gone, nothing is said: an empty list. Close it.
        """

    def attended(self, job: RenderJob) -> bool:
        """Whether something works on the job, so that an edit of it is taken up by itself."""

    async def settle(self, job: RenderJob) -> RenderJob:
        """Take up the edit of a job that nothing works on."""

    async def delete(self, job: RenderJob, timeout: float) -> str:  # noqa: ASYNC109
        """Stop and remove a job. Returns what became of it, in words; `timeout` is in seconds.

        Raises:
            CliError: what runs of it does not end in time.
        """

    def document(self, job: RenderJob) -> dict[str, Any]:
        """The job as JSON and YAML show it."""

    async def logs(self, job: RenderJob) -> Sequence[Log]:
        """The logs that there are of its attempts, the oldest attempt first."""

    def attempts(self, job: RenderJob) -> AbstractAsyncContextManager[Attempts]:
        """What running attempts of a job print, while somebody looks."""

    async def show(self, job: RenderJob, look: Look) -> str:
        """Make the files of a preview and say what is in them. Returns the frames that are not there yet.

        Raises:
            CliError: they can't be made.
        """

    async def nodes(self) -> Sequence[Node]:
        """The machines that render now; empty where there is but one."""
