"""Why a Job has no pod: its controller can't make one (a quota, a policy), and says so in events only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from renderjob.core import Refusal
from renderjob.kube import KubeApi, KubeError, Object

from .refusals import QUOTA
from .views import JobView

PATIENCE = 5.0
"""Seconds that a Job may be without a pod before anybody asks why: its controller may be busy."""
FIRST_PAUSE = 10.0
"""Seconds before the same is asked again; twice as long each time."""
LAST_PAUSE = 60.0
"""The longest such pause."""
APART = 1.0
"""Seconds between two questions, whatever the number of RenderJobs."""

_NAMES = re.compile(r'"[^"]*"')


@dataclass(slots=True)
class _Waits:
    """What is known of the Jobs of one RenderJob that have no pod."""

    since: dict[str, float] = field(default_factory=dict)
    """By uid, when they were first seen without one."""
    ask_at: float = 0.0
    pause: float = FIRST_PAUSE
    timer: asyncio.TimerHandle | None = None
    words: str = ""


class Unborn:
    """Asks, rarely, why Jobs have no pods."""

    def __init__(self, api: KubeApi, notify: Callable[[str], None]) -> None:
        """`notify` is called with a RenderJob's uid when it is time for a look at it."""
        self._api = api
        self._notify = notify
        self._waits: dict[str, _Waits] = {}
        self._next = 0.0

    async def why(self, uid: str, views: Sequence[JobView]) -> str:
        """In the Job controller's words, why these Jobs of a RenderJob have no pod; empty while nobody knows."""
        if not views:
            self.forget(uid)
            return ""
        loop = asyncio.get_running_loop()
        waits = self._waits.setdefault(uid, _Waits())
        waits.since = {view.uid: waits.since.get(view.uid, loop.time()) for view in views}
        oldest = min(views, key=lambda view: waits.since[view.uid])
        due = max(waits.since[oldest.uid] + PATIENCE, waits.ask_at)
        if due <= loop.time():
            due = max(due, self._next)
        if due <= loop.time():
            self._next = loop.time() + APART
            due = waits.ask_at = loop.time() + waits.pause
            waits.pause = min(LAST_PAUSE, waits.pause * 2)
            await self._ask(waits, oldest)
        if waits.timer is None or waits.timer.when() <= loop.time():
            waits.timer = loop.call_at(due, self._notify, uid)
        return waits.words

    def forget(self, uid: str) -> None:
        """No Job of a RenderJob is without a pod."""
        waits = self._waits.pop(uid, None)
        if waits is not None and waits.timer is not None:
            waits.timer.cancel()

    async def _ask(self, waits: _Waits, view: JobView) -> None:
        path = f"/api/v1/namespaces/{view.namespace}/events"
        try:
            found = await self._api.get(
                path, fieldSelector=f"involvedObject.uid={view.uid},reason=FailedCreate"
            )
        except KubeError:
            # It is asked again; what is known stands.
            return
        events = sorted(found.get("items", ()), key=_last)
        words = f"FailedCreate: {events[-1].get('message', '')}" if events else ""
        if _NAMES.sub("", words) != _NAMES.sub("", waits.words):
            # Each try names another pod that could not be made: the first is as good as the last.
            waits.words = words


def refusal_in(words: str) -> Refusal | None:
    """What the words say is refused until somebody does something about it; None: it may pass by itself."""
    if "exceeded quota" in words:
        return Refusal(QUOTA, f"no pod can be made: {words}")
    if "is forbidden" in words:
        return Refusal("Forbidden", f"no pod can be made: {words}")
    return None


def _last(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or ""
