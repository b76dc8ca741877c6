"""How far the Job controller is with giving Jobs their pods: one that it has not come to yet is not in trouble."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

QUIET = 5.0
"""Seconds without any pod of ours after which the Job controller is not taken to be busy with others."""
AHEAD = timedelta(seconds=5)
"""It comes to Jobs about in the order of their creation: one that is passed by that much is passed over."""


class Births:
    """What the pods that are made tell of the Job controller's queue. Times of creation are the API server's."""

    def __init__(self) -> None:
        self._latest: datetime | None = None
        """When the youngest Job that has had a pod was created."""
        self._heard = float("-inf")

    def born(self, job_created: datetime) -> None:
        """A Job that was created then got a pod."""
        self._heard = asyncio.get_running_loop().time()
        if self._latest is None or job_created > self._latest:
            self._latest = job_created

    def coming(self, created: datetime) -> bool:
        """Whether a Job created then may be without a pod because others are before it."""
        if self._latest is None or asyncio.get_running_loop().time() - self._heard >= QUIET:
            return False
        return created + AHEAD > self._latest
