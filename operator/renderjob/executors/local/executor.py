"""LocalExecutor: attempts as processes of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Self

from renderjob.api import RenderJob
from renderjob.core import Action, Observed, Phase
from renderjob.executors.each import perform_each
from renderjob.manager import ExecutorError, Listener

from .actor import Actor
from .attempt import LocalAttempt
from .environment import base_environment
from .jobs import HeldJob
from .leash import Leash
from .observer import Observer
from .settle import Settler
from .store import Store

log = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between two polls of what running attempts print and use."""

RARELY = 20
"""Sweeps for strays at ticks take at most one part in so many of the time."""


class LocalExecutor:
    """Runs attempts as process groups, each with a log file; leaves none behind, even when it is killed.

    It is an observer, an actor, and what settles attempts that have ended. Open it as an async context manager;
    leaving it ends all attempts.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`clock` tells the time, with a zone; it may jump."""
        self._store = store
        self._jobs: dict[str, HeldJob] = {}
        self._listeners: list[Listener] = []
        self._leash = Leash()
        self._settler = Settler(store, clock, self._notify)
        self._actor = Actor(store, clock, self._leash, self._settler, self._notify)
        self._observer = Observer(store, clock, self._leash, self._notify)
        self._ticker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._actor.base = await asyncio.to_thread(base_environment, self._store.tools)
        self._ticker = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        await asyncio.gather(*map(self._end_all, self._jobs))
        self._leash.close()

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` whenever an attempt changed."""
        self._listeners.append(listener)

    def _notify(self, uid: str) -> None:
        for listener in self._listeners:
            listener(uid)

    async def observe(self, job: RenderJob) -> Observed:
        """The attempts of a job. The first time its leftovers are ended, too, and what lies on the disk is checked."""
        held = self._jobs.get(job.metadata.uid)
        if held is None:
            held = await self._observer.take_up(job)
            self._jobs[held.uid] = held
            for attempt in held.attempts.values():
                if attempt.blocked:
                    self._settler.lost(held, attempt)
        held.job = job
        self._observer.mind_the_clock(self._jobs.values())
        return self._observer.observe(held)

    def attempts(self, uid: str) -> list[LocalAttempt]:
        """The attempts that run, for a live view."""
        held = self._jobs.get(uid)
        return [a for a in held.attempts.values() if a.phase is Phase.RUNNING] if held else []

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        """Start, stop or forget attempts."""
        held = self._jobs.get(job.metadata.uid)
        if held is None:
            raise ExecutorError(f"job {job.key} was never observed")
        await perform_each(partial(self._actor.act, held), actions)

    async def abandon(self, uid: str) -> None:
        """End all attempts of a job that is gone, and remove its logs; what is rendered stays."""
        await self._end_all(uid)
        if uid and "/" not in uid and not uid.startswith("."):  # an id of nobody's is no path
            await asyncio.to_thread(shutil.rmtree, self._store.job(uid), ignore_errors=True)

    async def _end_all(self, uid: str) -> None:
        """The job is held until its last attempt has ended, so that whoever asks meanwhile waits, too."""
        held = self._jobs.get(uid)
        if held is not None:
            await self._actor.end_all(held)
            self._jobs.pop(uid, None)

    def kill_all(self) -> None:
        """SIGKILL to everything, for a user who can't wait."""
        for held in self._jobs.values():
            for attempt in held.attempts.values():
                if attempt.process is not None:
                    attempt.process.kill()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._observer.mind_the_clock(self._jobs.values())
            self._leash.tell()
            for uid, held in list(self._jobs.items()):
                try:
                    await self._poll(held)
                except Exception:
                    log.exception("job %s: what runs can't be observed", uid)

    async def _poll(self, held: HeldJob) -> None:
        await self._observer.poll(held)
        if held.unswept and time.monotonic() >= held.next_sweep:
            held.unswept, begun = False, time.monotonic()
            await held.end_strays()
            held.next_sweep = time.monotonic() + RARELY * (time.monotonic() - begun)
        limited = [a for a in held.running if a.memory is not None]
        if limited:
            await asyncio.to_thread(self._actor.hold_to_memory, limited)
