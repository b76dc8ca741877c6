"""What becomes of an attempt that has ended: its log is read to the end, its files are verified and moved up.

All of it happens off the event loop: a disk may be slow, and a log long.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path

from renderjob.api import RenderJob
from renderjob.core import Attempt, Kind, Phase
from renderjob.media import MergeAnswer, parse_merge_answer
from renderjob.outputs import DENIED, FULL, remove, told, why_not_writable

from . import look_back
from .attempt import LocalAttempt
from .jobs import HeldJob
from .launch import answer_file
from .memory import kernel_kills
from .store import Store
from .supplies import volumes_of

log = logging.getLogger(__name__)

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries to move frames up: a file server that is away for a moment costs none."""

_KILLED = 137

_BRIEF = timedelta(seconds=1)
"""A shorter attempt that succeeded is not searched for strays by itself, but with others at a tick."""

_AT_ONCE = 1 << 18
"""Bytes of a log that may be read on the event loop when an attempt ends."""


class Settler:
    """Settles attempts, each in a task of its own."""

    def __init__(self, store: Store, clock: Callable[[], datetime], notify: Callable[[str], None]) -> None:
        """`notify` is called with a job's uid when one of its attempts is settled, or has to wait for that."""
        self._store = store
        self._clock = clock
        self._notify = notify
        self._tasks: set[asyncio.Task[None]] = set()

    def exited(self, held: HeldJob, local: LocalAttempt, code: int) -> None:
        """The process of an attempt has ended."""
        local.exit_code = code
        local.ended()
        if code == _KILLED and local.memory is not None and kernel_kills() > local.kills_before:
            local.out_of_memory = True
        quick = _was_brief(local) and local.behind < _AT_ONCE and not self._volumes(held, local).exists()
        if quick and not _has_files(held.job, local):
            local.close()
            held.unswept = True
            self._conclude(held, local)
            return
        self._in_background(self._settle(held, local))

    def lost(self, held: HeldJob, local: LocalAttempt) -> None:
        """An earlier manager had started an attempt, and its frames could not be moved up so far."""
        self._in_background(self._settle_lost(held, local))

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle_lost(self, held: HeldJob, local: LocalAttempt) -> None:
        await self._move_up(held, local)
        local.phase, local.finished = Phase.LOST, self._clock()
        self._notify(held.uid)

    async def _settle(self, held: HeldJob, local: LocalAttempt) -> None:
        try:
            if not _was_brief(local):
                await held.end_strays()
            if local.behind < _AT_ONCE:
                local.close()
            else:
                await asyncio.to_thread(local.close)
            if _has_files(held.job, local):
                await self._look_back(held, local)
            elif local.exit_code != 0 and held.output is not None:
                local.disk = await asyncio.to_thread(why_not_writable, held.output)
            held.full = held.full or bool(local.disk)
        except Exception:
            # Without a look nothing is known to be there; the attempt must not stay for ever.
            log.exception("job %s: the output can't be looked at", held.uid)
            local.missing = local.attempt.frames
            if local.fence is not None:
                await asyncio.to_thread(remove, local.fence)
        # They are empty at the start of every attempt, and end with it.
        await asyncio.to_thread(shutil.rmtree, self._volumes(held, local), ignore_errors=True)
        self._conclude(held, local)

    async def _look_back(self, held: HeldJob, local: LocalAttempt) -> None:
        if not await self._when_it_can(held, local, look_back.verify):
            return
        if local.missing and _was_brief(local):
            # A renderer that went into the background is not one that has ended.
            await held.end_strays()
            await asyncio.to_thread(look_back.verify, held.job, local)
        if local.fence is not None:
            await self._move_up(held, local)

    async def _move_up(self, held: HeldJob, local: LocalAttempt) -> None:
        """Move up what an attempt has left; what can't be moved is given up after a while, and told of."""
        if not await self._when_it_can(held, local, look_back.publish):
            await asyncio.to_thread(look_back.publish_or_tell, held.job, local)

    async def _when_it_can(
        self, held: HeldJob, local: LocalAttempt, work: Callable[[RenderJob, LocalAttempt], None]
    ) -> bool:
        """Do something with what an attempt has left. Whether that was possible.

        A disk that is full, or can only be read, is waited for: what is rendered is not rendered again. A file server
        that is away is, too, for a while.
        """
        job, pauses, written = held.job, iter(PAUSES), True
        while True:
            try:
                await asyncio.to_thread(work, job, local)
            except OSError as error:
                waits = error.errno in FULL | DENIED
                pause = next(pauses, PAUSES[-1] if waits else None)
                if pause is None or local.waived.is_set():
                    local.blocked = ""
                    if work is look_back.verify:
                        raise
                    return False
                level = logging.DEBUG if waits else logging.WARNING  # what waits is told by the job itself
                log.log(level, "job %s: frames can't be moved up, tried again: %s", job.key, error)
                if waits:
                    written, local.blocked = False, told(error, held.output or Path())
                    self._notify(held.uid)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(local.waived.wait(), pause)
            else:
                words, local.blocked = local.blocked, ""
                if not written and not local.disk and (local.exit_code != 0 or local.missing):
                    # There is room again; when it ended there was none.
                    local.disk = words
                return True

    def _conclude(self, held: HeldJob, local: LocalAttempt) -> None:
        if local.attempt.kind is not Kind.RENDER:
            local.answer = _answer(self._store.job(held.uid), local.attempt)
        local.phase = Phase.SUCCEEDED if local.exit_code == 0 and not local.unmoved else Phase.FAILED
        local.process = None
        self._notify(held.uid)

    def _volumes(self, held: HeldJob, local: LocalAttempt) -> Path:
        return volumes_of(self._store.job(held.uid), local.attempt.id)


def _has_files(job: RenderJob, local: LocalAttempt) -> bool:
    """Whether files tell what an attempt has rendered."""
    return job.spec.output is not None and local.attempt.kind is Kind.RENDER


def _answer(scratch: Path, attempt: Attempt) -> MergeAnswer | None:
    """What a merge that failed said of itself; None: it died before."""
    file = answer_file(scratch, attempt.id)
    try:
        return parse_merge_answer(file.read_text(), attempt.frames)
    except (OSError, UnicodeDecodeError):
        return None
    finally:
        file.unlink(missing_ok=True)


def _was_brief(local: LocalAttempt) -> bool:
    return local.exit_code == 0 and local.finished is not None and local.finished - local.started < _BRIEF
