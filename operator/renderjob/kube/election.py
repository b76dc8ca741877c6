"""LeaderElection: of several operators one works, and the others stand by, by a Lease, as client-go does it.

Written anew beside kubernetes.aio.leaderelection, which writes local times as if they were UTC, measures with
the wall clock, can't give a lease back (a standby waits for its end at every rollout) and keeps its holder a
leader while it waits for a request that hangs.

No clock of another machine is trusted: a lease is over when it was not seen to change for its duration, on the
monotonic clock. Who leads stops to call itself leader well before that.

It lives in one event loop, which should be one that nothing holds up; only `is_leader` may be asked in any thread
that has a running loop: all of them go by the same clock.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .api import KubeApi, Object
from .errors import ApiError, KubeError

log = logging.getLogger(__name__)

DURATION = 15.0
"""Seconds that a lease holds without being renewed."""
RENEW_DEADLINE = 10.0
"""Seconds without a renewal after which the leader gives up; the rest of the duration is the margin."""
RETRY = 2.0
"""Seconds between two reads of the lease."""


@dataclass(frozen=True)
class _Seen:
    """The lease as it was last seen, and since when it is so."""

    lease: Object
    since: float

    @property
    def version(self) -> str:
        return str(self.lease["metadata"]["resourceVersion"])

    @property
    def spec(self) -> dict[str, Any]:
        return self.lease.get("spec") or {}

    @property
    def holder(self) -> str:
        return self.spec.get("holderIdentity") or ""

    def held(self, now: float) -> bool:
        """Whether somebody holds it."""
        return bool(self.holder) and now < self.since + float(self.spec.get("leaseDurationSeconds") or 0)


class LeaderElection:
    """One candidate for a lease. `identity` is unique to this process, not to its pod: a container may restart."""

    def __init__(
        self,
        api: KubeApi,
        namespace: str,
        name: str,
        identity: str,
        *,
        duration: float = DURATION,
        renew_deadline: float = RENEW_DEADLINE,
        retry: float = RETRY,
    ) -> None:
        self.identity = identity
        self.lost = asyncio.Event()
        """Set when what was acquired is ours no more: stop at once."""
        self._api = api
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._name = name
        self._duration = duration
        self._deadline = renew_deadline
        self._retry = retry
        self._seen: _Seen | None = None
        self._renewed: float | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._logged = ""

    @property
    def is_leader(self) -> bool:
        """Whether the lease is surely ours at this moment, even if the process was stopped for a while."""
        if self._renewed is None or self.lost.is_set():
            return False
        return self._now() < self._renewed + self._deadline

    @property
    def holder(self) -> str:
        """Who held the lease when it was last seen; empty for nobody."""
        return self._seen.holder if self._seen is not None else ""

    async def acquire(self) -> None:
        """Wait until the lease is ours; from then on it is renewed. Every failure is tried again."""
        self.lost.clear()
        while True:
            if await self._try():
                break
            # Apart from each other, so that standbys do not collide at every try.
            await asyncio.sleep(self._retry * random.uniform(1.0, 2.2))  # noqa: S311
        log.info("%s leads", self.identity)
        self._renewing = asyncio.create_task(self._renew())

    async def release(self) -> None:
        """Stop renewing, and if the lease is ours give it back: a standby has it at its next read."""
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
            self._renewing = None
        ours, self._renewed = self.is_leader, None  # from here on nothing is written any more
        if ours:
            try:
                async with asyncio.timeout(self._retry):
                    await self._give_back()
            except (KubeError, TimeoutError) as e:
                log.warning("the lease %s was not given back; a standby waits for its end: %s", self._name, e)

    async def _give_back(self) -> None:
        free = {"holderIdentity": None, "leaseDurationSeconds": 1, "renewTime": _micro_time()}
        seen = self._seen
        if seen is not None:
            with suppress(ApiError):
                await self._write(seen, free)
                return
        # Perhaps a renewal that was cut short got through.
        seen = await self._read()
        if seen is not None and seen.holder == self.identity:
            await self._write(seen, free)

    async def _renew(self) -> None:
        """Renew until that failed for too long, or somebody else has the lease."""
        try:
            while await self._renew_once():
                pass
        except Exception:
            log.exception("the renewal of the lease %s failed", self._name)
        log.error("%s leads no more", self.identity)
        self.lost.set()

    async def _renew_once(self) -> bool:
        """Whether the lease is, or may still become, ours."""
        until = (self._renewed or 0.0) + self._deadline
        await asyncio.sleep(min(self._retry, max(0.0, until - self._now())))
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                if await self._try():
                    return True
        return self.holder == self.identity and self._now() < until

    async def _try(self) -> bool:
        """Take the lease, or renew it. Whether it is ours then."""
        began = self._now()
        try:
            async with asyncio.timeout(self._deadline):
                ours = await self._take()
        except (KubeError, TimeoutError) as e:
            if not isinstance(e, ApiError) or not (e.conflict or e.already_exists):
                self._log(f"the lease {self._name} can't be had: {e or 'no answer'}", logging.WARNING)
            return False
        if ours:
            self._renewed = began
            self._logged = ""
        return ours

    async def _take(self) -> bool:
        seen = self._seen
        if seen is not None and seen.holder == self.identity:
            # Nobody else writes it as a rule: no need to read it first.
            with suppress(ApiError):
                await self._write(seen, {"renewTime": _micro_time()})
                return True
        seen = await self._read()
        if seen is None:
            body = {"metadata": {"name": self._name}, "spec": self._claim(transitions=0)}
            self._remember(await self._api.create(self._collection, body))
        elif seen.holder == self.identity:
            await self._write(seen, {"renewTime": _micro_time()})
        elif seen.held(self._now()):
            self._log(f"{self.identity} stands by: {seen.holder} leads", logging.INFO)
            return False
        else:
            transitions = int(seen.spec.get("leaseTransitions") or 0)
            await self._write(seen, self._claim(transitions + 1))
        return True

    def _claim(self, transitions: int) -> dict[str, Any]:
        now = _micro_time()
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": math.ceil(self._duration),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    async def _read(self) -> _Seen | None:
        """Read the lease; None when there is none."""
        try:
            return self._remember(await self._api.get(f"{self._collection}/{self._name}"))
        except ApiError as e:
            if not e.not_found:
                raise
            self._seen = None
            return None

    async def _write(self, seen: _Seen, spec: dict[str, Any]) -> None:
        """Change the lease if it still is as it was seen."""
        body = {"metadata": {"resourceVersion": seen.version}, "spec": spec}
        self._remember(await self._api.merge_patch(f"{self._collection}/{self._name}", body))

    def _remember(self, lease: Object) -> _Seen:
        if self._seen is None or self._seen.version != lease["metadata"]["resourceVersion"]:
            self._seen = _Seen(lease, self._now())
        return self._seen

    def _log(self, sentence: str, level: int) -> None:
        if sentence != self._logged:
            self._logged = sentence
            log.log(level, "%s", sentence)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _micro_time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
