"""Backend: where jobs are, for the commands: the local store, or a cluster with the same verbs.

How a job is named on the command line is the same in both: name, namespace/name, or id.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

from renderjob.api import RenderJob
from renderjob.cli.errors import CliError
from renderjob.cli.live.attempts import Attempts, Node
from renderjob.cli.logs.choice import Log
from renderjob.cli.places import Place
from renderjob.core import Action, Observed
from renderjob.manager import ExecutorError, JobManager, Listener

if TYPE_CHECKING:
    # Pictures take their time to import; most commands show none.
    from renderjob.cli.preview.request import PreviewRequest


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

    async def show(self, job: RenderJob, request: PreviewRequest) -> str:
        """Make the files of a preview and say what is in them. Returns the frames that are not there yet.

        Raises:
            CliError: they can't be made.
        """

    async def nodes(self) -> Sequence[Node]:
        """The machines that render now; empty where there is but one."""


MIN_ID = 6
"""Characters of an id that are enough."""

FULL = "renderjob.renderjob.dev/"
"""What stands before a name that `get -o name` printed."""


def pick(jobs: Sequence[RenderJob], reference: str, namespace: str | None, place: Place) -> RenderJob:
    """The one job that is meant.

    Raises:
        CliError: none, or several; its text helps.
    """
    reference = reference.removeprefix(FULL)
    found = matching(jobs, reference, namespace)
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(sorted(job.key for job in found))
        raise CliError(f"{reference} may be {keys}: write namespace/name, or choose with --namespace")
    raise CliError(_unknown(jobs, reference, namespace, place))


def matching(jobs: Sequence[RenderJob], reference: str, namespace: str | None = None) -> list[RenderJob]:
    """The jobs that a reference may mean; a name goes before an id."""
    within = [job for job in jobs if namespace is None or job.metadata.namespace == namespace]
    named = [job for job in within if reference in (job.metadata.name, job.key)]
    if named or len(reference) < MIN_ID:
        return named
    return [job for job in within if job.metadata.uid.startswith(reference)]


def _unknown(jobs: Sequence[RenderJob], reference: str, namespace: str | None, place: Place) -> str:
    where = f" in the namespace {namespace}" if namespace else ""
    text = f"no job is called {reference}{where}"
    if not jobs:
        return f"{text}: there are no jobs at all {place.here}; start one with: {place.begin()}{place.elsewhere()}"
    names = {job.key: job.key for job in jobs} | {job.metadata.name: job.metadata.name for job in jobs}
    close = get_close_matches(reference, list(names), n=3, cutoff=0.6)
    elsewhere = [job.key for job in jobs if job.metadata.name == reference]
    if elsewhere:
        return f"{text}, but there is {', '.join(elsewhere)}"
    if close:
        return f"{text}; do you mean {' or '.join(close)}?"
    return f"{text}; {place.command('list')} shows what there is{place.elsewhere()}"


class NoExecutor:
    """Runs nothing: another process, an operator, or nobody does."""

    async def observe(self, job: RenderJob) -> Observed:
        """Not from here."""
        raise ExecutorError(f"{job.key} is not run by this process")

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        """Not from here."""
        raise ExecutorError(f"{job.key} is not run by this process: {actions}")

    async def abandon(self, uid: str) -> None:
        """There is nothing of ours to end."""

    def subscribe(self, listener: Listener) -> None:
        """Nothing changes by us."""
