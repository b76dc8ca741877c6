"""The lead: the Lease that this process holds from aside, and what ends a process that holds it and does nothing."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from renderjob.kube import KubeApi, LeaderElection

from .aside import Aside, Pulse
from .settings import Settings

log = logging.getLogger(__name__)

STOOD_STILL = 70
"""The exit code of a process whose event loop stood still."""

GOODBYE = 5.0
"""Seconds for giving the lease back before such a process ends."""


class Election(Protocol):
    """Who may lead; all of it is asked in one event loop, but `is_leader` in any thread."""

    lost: asyncio.Event

    @property
    def is_leader(self) -> bool:
        """Whether this process surely leads at this moment."""

    async def acquire(self) -> None:
        """Wait until it does."""

    async def release(self) -> None:
        """Let somebody else."""


class _NoElection:
    """For who is alone."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self.is_leader = True

    async def acquire(self) -> None:
        """At once."""

    async def release(self) -> None:
        """Nobody waits for it."""


class Lead:
    """The lead, as the main loop sees it; whatever that loop is at, the lease is renewed by `aside`."""

    def __init__(self, aside: Aside, election: Election) -> None:
        self._aside = aside
        self._election = election

    @property
    def is_ours(self) -> bool:
        """Whether this process surely leads at this moment."""
        return self._election.is_leader

    async def acquire(self) -> None:
        """Wait until this process leads."""
        await self._aside.run(self._election.acquire())

    async def until_lost(self) -> None:
        """Wait until somebody else may lead."""
        await self._aside.run(self._lost())

    async def release(self) -> None:
        """Let somebody else lead."""
        await self._aside.run(self._election.release())

    async def give_up(self) -> None:
        """As `release`, but from aside."""
        await self._election.release()

    async def _lost(self) -> None:
        await self._election.lost.wait()


async def stand_for_lead(aside: Aside, settings: Settings) -> Lead:
    """A candidate with a connection of its own.

    Raises:
        NoClusterError: there is no cluster.
    """
    if not settings.leader_elect:
        return Lead(aside, _NoElection())

    @asynccontextmanager
    async def candidate() -> AsyncIterator[Election]:
        async with await KubeApi.connect(
            settings.kubeconfig, settings.context, agent="renderjob-operator"
        ) as api:
            yield _election(settings, api)

    return Lead(aside, await aside.enter(candidate))


def _election(settings: Settings, api: KubeApi) -> LeaderElection:
    identity = settings.identity or f"{settings.pod_name or socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    namespace = settings.lease_namespace or settings.pod_namespace or api.namespace
    seconds = settings.lease_seconds
    return LeaderElection(
        api,
        namespace,
        settings.lease_name,
        identity,
        duration=seconds,
        renew_deadline=seconds * 2 / 3,
        retry=seconds / 7.5,
    )


async def end_when_still(
    pulse: Pulse, seconds: float, lead: Lead, end: Callable[[int], object] = os._exit
) -> None:
    """End this process when its main loop has stood still for so long: what leads must work. Runs aside.

    Where the loop stands is written to stderr.
    """
    await pulse.until_still(seconds)
    log.critical("the event loop has stood still for %.0f s: this process ends, to begin anew", seconds)
    faulthandler.dump_traceback(all_threads=True)
    try:
        async with asyncio.timeout(GOODBYE):
            await lead.give_up()
    finally:
        end(STOOD_STILL)
