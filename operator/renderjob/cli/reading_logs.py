"""`logs`: print an attempt's log, and follow it while the attempt runs."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import BinaryIO

from renderjob.core.inflight import parse
from renderjob.executors.local.logs import LogFile, log_files
from renderjob.executors.local.store import Store

from .exit_codes import ExitCode
from .local_backend import LocalBackend, local_backend
from .log_choice import LogChoice, choose, title

_POLL = 0.2
_PIECE = 1 << 16


def show_log(
    reference: str,
    namespace: str | None,
    store: Store,
    choice: LogChoice,
    *,
    follow: bool,
    tail: int | None,
) -> ExitCode:
    """Print a log to stdout, and which one it is to stderr.

    Raises:
        CliError: there is no such job, or no such log.
    """

    async def work() -> ExitCode:
        async with local_backend(store) as backend:
            job = await backend.find(reference, namespace)
            file = choose(log_files(store.logs(job.metadata.uid)), job, choice)
            print(f"{job.key}: {title(file)}", file=sys.stderr, flush=True)
            with file.path.open("rb") as log:
                if tail is not None:
                    log.seek(_start_of_last_lines(log, tail))
                _copy(log)
                while follow and await _runs(backend, job.metadata.uid, file):
                    await asyncio.sleep(_POLL)
                    _copy(log)
                _copy(log)
            return ExitCode.OK

    return asyncio.run(work())


async def _runs(backend: LocalBackend, uid: str, file: LogFile) -> bool:
    job = await backend.repository.get(uid)
    if job is None or not backend.attended(job):
        return False
    return any(parse(entry).id == file.id for entry in job.status.in_flight)


def _copy(log: BinaryIO) -> None:
    if log.tell() > os.fstat(log.fileno()).st_size:
        log.seek(0)  # it was cut, and begins anew
    while piece := log.read(_PIECE):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _start_of_last_lines(log: BinaryIO, lines: int) -> int:
    """Where the last `lines` lines begin; read from the end, since a log may be large."""
    end = position = log.seek(0, 2)
    if lines == 0:
        return end
    found = b""
    while position > 0 and found.rstrip(b"\n").count(b"\n") < lines:
        step = min(_PIECE, position)
        position -= step
        log.seek(position)
        found = log.read(step) + found
    kept = found.splitlines(keepends=True)[-lines:]
    return end - sum(map(len, kept))
