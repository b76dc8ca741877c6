"""What shows jobs while they run: `watch` one of them, follow its `logs`, or `top` for all."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing

from rich.console import Console
from rich.live import Live
from rich.text import Text

from renderjob.api import RenderJob
from renderjob.cli.backends import with_backend
from renderjob.cli.backends.backend import Backend
from renderjob.cli.backends.following import Following, unwatched
from renderjob.cli.errors import ExitCode
from renderjob.cli.live.choose import reporter_for
from renderjob.cli.live.overview import Overseer, picture, plain
from renderjob.cli.logs.choice import LogChoice, choose, title
from renderjob.cli.text import say
from renderjob.cli.where import Where


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


def show_log(reference: str, where: Where, choice: LogChoice, *, follow: bool, tail: int | None) -> ExitCode:
    """Print a log to stdout, and which one it is to stderr.

    Raises:
        CliError: there is no such job, or no such log.
    """

    async def work(backend: Backend) -> ExitCode:
        job = await backend.find(reference)
        log = choose(await backend.logs(job), job, choice, backend.place.retained_logs)
        say(f"{job.key}: {title(log)}", file=sys.stderr, flush=True)
        async with aclosing(log.read(follow=follow, tail=tail)) as pieces:
            async for piece in pieces:
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
        return ExitCode.OK

    return with_backend(where, work)


_PERIOD = 1.0
"""Seconds between two pictures."""
_SOON = 0.05
"""Seconds between two looks whether there is anything to show yet."""


def show_top(where: Where) -> ExitCode:
    """Show all jobs until Ctrl-C, or once."""
    console = Console(highlight=False)
    live = console.is_terminal and not console.is_dumb_terminal

    async def work(backend: Backend) -> ExitCode:
        if not live:
            overview = Overseer(backend.attended).observe(await backend.list(), await backend.nodes())
            say("\n".join(plain(overview)))
            return ExitCode.OK
        return await _Top(backend, console).run()

    try:
        return with_backend(where, work)
    except KeyboardInterrupt:
        return ExitCode.OK


class _Top:
    """The live overview."""

    def __init__(self, backend: Backend, console: Console) -> None:
        self._backend = backend
        self._console = console
        self._jobs: Sequence[RenderJob] = ()
        self._heard = False

    async def run(self) -> ExitCode:
        """Until somebody has seen enough."""
        overseer = Overseer(self._backend.attended)
        listening = asyncio.create_task(self._listen())
        try:
            with Live(Text("…"), console=self._console, auto_refresh=False, screen=True) as view:
                while not (self._heard or listening.done()):
                    await asyncio.wait({listening}, timeout=_SOON)
                while not listening.done():
                    overview = overseer.observe(self._jobs, await self._backend.nodes())
                    view.update(picture(overview, self._console.width, self._console.height), refresh=True)
                    await asyncio.wait({listening}, timeout=_PERIOD)
            listening.result()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return ExitCode.OK

    async def _listen(self) -> None:
        async with aclosing(self._backend.watch()) as changes:
            async for jobs in changes:
                self._jobs = jobs
                self._heard = True
