"""What the API server refuses for good: remembered in its own words, asked again in growing pauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renderjob.core import Refusal
from renderjob.kube import ApiError

FIRST_PAUSE = 2.0
"""Seconds until what was refused is asked for again; twice as long each time."""
LAST_PAUSE = 60.0
"""The longest such pause."""


@dataclass(frozen=True, slots=True)
class _Known:
    refusal: Refusal
    until: float
    times: int


class Refusals:
    """The refusals of many RenderJobs, one each: the last.

    While one stands nothing more is asked for, so that a bad template costs a request a minute, not one for
    every chunk. It stands until something was accepted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only grow."""
        self._clock = clock
        self._known: dict[str, _Known] = {}

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
        pause: float = min(LAST_PAUSE, FIRST_PAUSE * 2.0 ** min(times - 1, 16))
        self._known[uid] = _Known(refusal, self._clock() + pause, times)
        return pause

    def accepted(self, uid: str) -> bool:
        """Something was started. Whether a refusal stood until now."""
        return self._known.pop(uid, None) is not None

    def ask_again(self, uid: str) -> None:
        """Something made room, or the manifest was edited: no need to wait for the pause to end."""
        known = self._known.get(uid)
        if known is not None:
            self._known[uid] = _Known(known.refusal, self._clock(), known.times)


def refusal_of(error: ApiError) -> Refusal:
    """A refusal in one word of ours and the sentence of the server."""
    message = error.message
    if "exceeded quota" in message:
        return Refusal("QuotaExceeded", message)
    if error.status in (400, 413, 422):
        return Refusal(
            "InvalidTemplate", f"the API server refuses the pod that spec.template asks for: {message}"
        )
    if error.status == 404:
        return Refusal("NamespaceGone", message)
    return Refusal("Forbidden", f"the operator may not start this chunk: {message}")
