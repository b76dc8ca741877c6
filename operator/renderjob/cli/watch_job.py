"""`watch`: the live view of a job that something else works on."""

from __future__ import annotations

from .backend import Backend
from .exit_codes import ExitCode
from .following import Following, unwatched
from .live.choose import reporter_for
from .opening import with_backend
from .where import Where


def watch_job(reference: str, where: Where, *, as_json: bool) -> ExitCode:
    """Show a job until it stands still. Returns what to exit with: that of its state.

    Raises:
        CliError: there is no such job, or nothing works on it.
    """

    async def work(backend: Backend) -> ExitCode:
        job = await backend.find(reference)
        summary = await Following(backend, job, reporter_for(as_json=as_json)).run()
        return summary.exit_code

    try:
        return with_backend(where, work)
    except KeyboardInterrupt:
        return unwatched(reference)
