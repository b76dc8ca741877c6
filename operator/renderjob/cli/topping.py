"""`top`: the overview of all jobs, drawn again and again; once where there is no terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from rich.console import Console
from rich.live import Live
from rich.text import Text

from renderjob.api import RenderJob

from .backend import Backend
from .exit_codes import ExitCode
from .opening import with_backend
from .overview import Overseer
from .overview_picture import picture, plain
from .text import say
from .where import Where

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
            overview = Overseer(backend.attended).look(await backend.list(), await backend.nodes())
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
                    overview = overseer.look(self._jobs, await self._backend.nodes())
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
