"""What the API server refuses for good: remembered in its own words, asked again in growing pauses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from renderjob.api import Reason
from renderjob.core import Refusal
from renderjob.kube import ApiError
from renderjob.primitives import exponential

FIRST_PAUSE = 2.0
"""Seconds until what was refused is asked for again; twice as long each time."""
LAST_PAUSE = 60.0
"""The longest such pause."""

QUOTA: Final = Reason.QUOTA_EXCEEDED
"""The reason of a refusal for want of room."""


@dataclass(frozen=True, slots=True)
class _Known:
    refusal: Refusal
    until: float
    times: int


class Refusals:
    """The refusals of many RenderJobs, one each: the last.

    While one stands nothing more is asked for, and until something was accepted one thing at a time is, so that
    a bad template costs a request a minute, not one for every chunk. It stands until something was accepted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only grow."""
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._proven: set[str] = set()
        """RenderJobs of which something was accepted since anything was refused, or they were edited."""
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def asking(self, uid: str) -> AsyncIterator[None]:
        """Wait until it makes sense to ask for something of a RenderJob, and ask in the block."""
        if uid not in self._proven:
            async with self._locks.setdefault(uid, asyncio.Lock()):
                if uid not in self._proven:
                    yield
                    return
        yield

    def of(self, uid: str) -> Refusal | None:
        """Why nothing of a RenderJob can be started; None: it can, as far as is known."""
        known = self._known.get(uid)
        return known.refusal if known else None

    def waits(self, uid: str) -> bool:
        """Whether it is too early to ask again."""
        known = self._known.get(uid)
        return known is not None and known.until > self._clock()

    def refused(self, uid: str, refusal: Refusal) -> float:
        """Take note. Returns the seconds until it makes sense to ask again."""
        known = self._known.get(uid)
        times = known.times + 1 if known else 1
        pause = exponential(FIRST_PAUSE, times - 1, LAST_PAUSE)
        self._known[uid] = _Known(refusal, self._clock() + pause, times)
        self._proven.discard(uid)
        return pause

    def accepted(self, uid: str) -> bool:
        """Something was started. Whether a refusal stood until now."""
        self._proven.add(uid)
        self._locks.pop(uid, None)
        return self._known.pop(uid, None) is not None

    def edited(self, uid: str) -> None:
        """Another manifest: what was refused may be accepted now, and the other way round."""
        self._proven.discard(uid)
        self.ask_again(uid)

    def forget(self, uid: str) -> None:
        """A RenderJob is gone."""
        self._known.pop(uid, None)
        self._proven.discard(uid)
        self._locks.pop(uid, None)

    def ask_again(self, uid: str) -> None:
        """Something made room: no need to wait for the pause to end."""
        known = self._known.get(uid)
        if known is not None:
            self._known[uid] = _Known(known.refusal, self._clock(), known.times)


def refusal_of(error: ApiError) -> Refusal:
    """A refusal in one word of ours and the sentence of the server."""
    message = error.message
    if "exceeded quota" in message:
        return Refusal(QUOTA, message)
    if error.status in (400, 413, 422):
        return Refusal(
            Reason.INVALID_TEMPLATE, f"the API server refuses the pod that spec.template asks for: {message}"
        )
    if error.status == 404:
        return Refusal(Reason.NAMESPACE_GONE, message)
    return Refusal(Reason.FORBIDDEN, f"the operator may not start this chunk: {message}")


def no_pod(error: Exception) -> Refusal:
    """A template that we stumble over, and the API server does not."""
    found = f"{type(error).__name__}: {error}"[:300]
    return Refusal(
        Reason.INVALID_TEMPLATE,
        f"no pod can be made from spec.template: a field of it has not the form that Kubernetes asks for ({found}); "
        "kubectl explain pod.spec tells each field's",
    )
