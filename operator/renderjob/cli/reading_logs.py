"""`logs`: print an attempt's log, and follow it while the attempt runs."""

from __future__ import annotations

import sys
from contextlib import aclosing

from .backend import Backend
from .exit_codes import ExitCode
from .log_choice import LogChoice, choose, title
from .opening import with_backend
from .text import say
from .where import Where


def show_log(reference: str, where: Where, choice: LogChoice, *, follow: bool, tail: int | None) -> ExitCode:
    """Print a log to stdout, and which one it is to stderr.

    Raises:
        CliError: there is no such job, or no such log.
    """

    async def work(backend: Backend) -> ExitCode:
        job = await backend.find(reference)
        log = choose(await backend.logs(job), job, choice, backend.place.kept_logs)
        say(f"{job.key}: {title(log)}", file=sys.stderr, flush=True)
        async with aclosing(log.read(follow=follow, tail=tail)) as pieces:
            async for piece in pieces:
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
        return ExitCode.OK

    return with_backend(where, work)
