"""Observer: what runs on this machine, what it prints and writes, and what the disk says when a job is taken up."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from renderjob.api import RenderJob
from renderjob.core import Observed
from renderjob.frames import FrameSet
from renderjob.manager import ExecutorError

from . import inventory, lost
from .attempt import LocalAttempt
from .files import interval
from .jobs import HeldJob
from .leash import Leash, end_leftovers
from .store import Store
from .supplies import EnvironmentFileError, Given

JUMP = 5.0
"""Seconds by which the clock must differ from the time that went by to have been changed."""


class Observer:
    """Observes; but for what an earlier manager has left running, which is ended when its job is taken up."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], leash: Leash, notify: Callable[[str], None]
    ) -> None:
        """`clock` tells the time, with a zone; it may jump. `notify` is called with a job's uid on news of it."""
        self._store = store
        self._clock = clock
        self._leash = leash
        self._notify = notify
        self._wall, self._steady = clock(), time.monotonic()

    async def take_up(self, job: RenderJob) -> HeldJob:
        """End leftovers of a job, and check what lies on the disk.

        Raises:
            ExecutorError: that can't be done now.
        """
        uid = job.metadata.uid
        try:
            self._store.keep_private()
            self._store.logs(uid).mkdir(parents=True, exist_ok=True)
            self._leash.take(uid)
            if job.status.in_flight:
                await asyncio.to_thread(end_leftovers, uid)
            await asyncio.to_thread(shutil.rmtree, self._store.job(uid) / "volumes", ignore_errors=True)
            held = HeldJob(job, await asyncio.to_thread(Given.of(job).resolved), inventory_of=job.status)
            held.inventory = await asyncio.to_thread(inventory.take_stock, job, held.output)
            held.attempts = await asyncio.to_thread(lost.take_up, job, self._store, self._clock())
        except (OSError, EnvironmentFileError) as error:
            raise ExecutorError(f"can't take up the job: {error}") from error
        return held

    def observe(self, held: HeldJob) -> Observed:
        """The attempts of a job, with what its disk told until the status shows that it was taken in."""
        held.inventory = _not_taken_in(held)
        return replace(
            held.inventory,
            uid=held.uid,
            generation=held.job.metadata.generation,
            looks=True,
            keeps_logs=True,
            attempts=tuple(attempt.observation() for attempt in held.attempts.values()),
        )

    async def poll(self, held: HeldJob) -> None:
        """Read on what running attempts print, and begin to check which files they have written."""
        running = held.running
        changed = False
        for attempt in running:
            changed |= attempt.follow()
            # Many that talk much must not hold up the rest of us together, either.
            await asyncio.sleep(0)
        if (held.polling is None or held.polling.done()) and time.monotonic() >= held.next_poll:
            held.next_poll = time.monotonic() + interval(held.job)
            if any(attempt.watch is not None for attempt in running):
                held.polling = asyncio.create_task(self._poll_files(held.uid, running))
        if changed:
            self._notify(held.uid)

    async def _poll_files(self, uid: str, running: Sequence[LocalAttempt]) -> None:
        """Files that appear are progress, and a sign of life."""
        written = await asyncio.to_thread(lambda: [attempt for attempt in running if attempt.look()])
        for attempt in written:
            attempt.alive()
        if written:
            self._notify(uid)

    def mind_the_clock(self, jobs: Iterable[HeldJob]) -> None:
        """When the clock was set, or the machine slept, nothing that runs has run longer or shorter by that."""
        wall, steady = self._clock(), time.monotonic()
        jump = (wall - self._wall).total_seconds() - (steady - self._steady)
        self._wall, self._steady = wall, steady
        if abs(jump) > JUMP:
            for held in jobs:
                for attempt in held.running:
                    attempt.shift(jump)


def _not_taken_in(held: HeldJob) -> Observed:
    found, status = held.inventory, held.job.status
    # Another version of the job is no sign: somebody may have edited its spec, and no decision was saved.
    untold = status is held.inventory_of or status == held.inventory_of
    if not untold:
        held.inventory_of = None
    completed = FrameSet.parse(status.frames.completed) if found.lost else found.lost
    return replace(
        found,
        lost=found.lost & completed,
        found=found.found if untold else FrameSet(),
        merge_lost=found.merge_lost and untold,
    )
