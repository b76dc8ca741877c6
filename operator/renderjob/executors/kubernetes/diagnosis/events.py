"""What is told in events only: why a Job has no pod (a quota, a policy), why a pod has no volume (a secret)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from renderjob.api import Reason
from renderjob.core import Refusal
from renderjob.core.blocked import Blocked, blocked
from renderjob.kube import KubeApi, KubeError, Object

from .refusals import QUOTA

PATIENCE = 5.0
"""Seconds that a Job may be without a pod before anybody asks why: its controller may be busy."""
TURN = 60.0
"""Seconds after which it is asked although its turn may be still to come."""
FIRST_PAUSE = 10.0
"""Seconds before the same is asked again; twice as long each time."""
LAST_PAUSE = 60.0
"""The longest such pause."""
APART = 1.0
"""Seconds between two questions, whatever the number of RenderJobs."""

QUIET = 5.0
"""Seconds without any pod of ours after which the Job controller is not taken to be busy with others."""
AHEAD = timedelta(seconds=5)
"""It comes to Jobs about in the order of their creation: one that is passed by that much is passed over."""

_NAMES = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Question:
    """Which events tell."""

    selector: str
    reasons: Collection[str]
    holds: timedelta = timedelta.max
    """How long what one says is taken to be so."""


NO_POD: Final = Question("reason=FailedCreate", {"FailedCreate"})
"""Why a Job has no pod: its controller tries again in pauses of many minutes, so the last word stands."""
NO_START: Final = Question(
    "type=Warning",
    {"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"},
    holds=timedelta(minutes=5),
)
"""Why the containers of a pod are not even made, of which its status says nothing; told every two minutes."""


class Held(Protocol):
    """A Job or a pod."""

    @property
    def uid(self) -> str: ...  # noqa: D102

    @property
    def namespace(self) -> str: ...  # noqa: D102


H = TypeVar("H", bound=Held)


@dataclass(slots=True)
class _Waits:
    """What is known of the Jobs, or the pods, of one RenderJob that do not get on."""

    since: dict[str, float] = field(default_factory=dict)
    """By uid, when they were first seen so."""
    ask_at: float = 0.0
    pause: float = FIRST_PAUSE
    timer: asyncio.TimerHandle | None = None
    words: str = ""
    about: str = ""
    """The uid of the one that they are about."""


class EventSearch(Generic[H]):
    """Asks, rarely, why Jobs have no pods, or pods no containers."""

    def __init__(
        self,
        api: KubeApi,
        notify: Callable[[str], None],
        question: Question,
        clock: Callable[[], datetime],
        *,
        coming: Callable[[H], bool] = lambda _: False,
    ) -> None:
        """What asks.

        Args:
            api: the connection.
            notify: is called with a RenderJob's uid when it is time to observe it again.
            question: which events tell.
            clock: tells the time, with a zone.
            coming: whether one only waits for its turn, so that there is nothing to ask yet.
        """
        self._api = api
        self._notify = notify
        self._question = question
        self._coming = coming
        self._clock = clock
        self._waits: dict[str, _Waits] = {}
        self._next = 0.0

    async def why(self, uid: str, views: Sequence[H]) -> str:
        """In who fails' own words, why these of a RenderJob do not get on; empty while nobody knows."""
        if not views:
            self.forget(uid)
            return ""
        loop = asyncio.get_running_loop()
        waits = self._waits.setdefault(uid, _Waits())
        waits.since = {view.uid: waits.since.get(view.uid, loop.time()) for view in views}
        oldest = min(views, key=lambda view: waits.since[view.uid])
        since = waits.since[oldest.uid]
        due = max(since + PATIENCE, waits.ask_at)
        if due <= loop.time():
            patient = loop.time() < since + TURN and self._coming(oldest)
            due = loop.time() + PATIENCE if patient else max(due, self._next)
        if due <= loop.time():
            self._next = loop.time() + APART
            due = waits.ask_at = loop.time() + waits.pause
            waits.pause = min(LAST_PAUSE, waits.pause * 2)
            await self._ask(waits, oldest)
        if waits.timer is None or waits.timer.when() <= loop.time():
            waits.timer = loop.call_at(due, self._notify, uid)
        return waits.words

    def about(self, uid: str) -> str:
        """The uid of the Job, or the pod, that what is known of a RenderJob is about."""
        waits = self._waits.get(uid)
        return waits.about if waits is not None else ""

    def forget(self, uid: str) -> None:
        """All of a RenderJob gets on."""
        waits = self._waits.pop(uid, None)
        if waits is not None and waits.timer is not None:
            waits.timer.cancel()

    async def _ask(self, waits: _Waits, view: H) -> None:
        path = f"/api/v1/namespaces/{view.namespace}/events"
        try:
            found = await self._api.get(
                path, fieldSelector=f"involvedObject.uid={view.uid},{self._question.selector}"
            )
        except KubeError:
            # It is asked again; what is known stands.
            return
        told = [e for e in found.get("items", ()) if e.get("reason") in self._question.reasons]
        words = ""
        if told and self._holds(last := max(told, key=_last)):
            words = f"{last['reason']}: {last.get('message', '')}"
        if _NAMES.sub("", words) != _NAMES.sub("", waits.words):
            # Each try names another pod that could not be made: the first is as good as the last.
            waits.words = words
        waits.about = view.uid

    def _holds(self, event: Object) -> bool:
        when = _last(event)
        return not when or self._clock() - datetime.fromisoformat(when) < self._question.holds


def blocked_by(words: str) -> Blocked:
    """What `EventSearch.why` has found, typed: the event's reason, and the rest of it."""
    reason, _, message = words.partition(": ")
    return blocked(reason, message)


def refusal_in(words: str) -> Refusal | None:
    """What the words say is refused until somebody does something about it; None: it may pass by itself."""
    if "exceeded quota" in words:
        return Refusal(QUOTA, f"no pod can be made: {words}")
    if "is forbidden" in words:
        return Refusal(Reason.FORBIDDEN, f"no pod can be made: {words}")
    if "is invalid" in words:
        # A LimitRange, or a webhook, made something of it that no pod may be.
        return Refusal(Reason.INVALID_TEMPLATE, f"no pod can be made: {words}")
    return None


def _last(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or ""


class ControllerQueue:
    """How far the Job controller is with giving Jobs their pods: one that it has not come to yet is not in trouble.

    It is told by the pods that are made. Times of creation are the API server's.
    """

    def __init__(self) -> None:
        self._latest: datetime | None = None
        """When the youngest Job that has had a pod was created."""
        self._active_at = float("-inf")

    def pod_made(self, job_created: datetime) -> None:
        """A Job that was created then got a pod."""
        self._active_at = asyncio.get_running_loop().time()
        if self._latest is None or job_created > self._latest:
            self._latest = job_created

    def is_before(self, created: datetime) -> bool:
        """Whether a Job created then may be without a pod because others are before it."""
        if self._latest is None or asyncio.get_running_loop().time() - self._active_at >= QUIET:
            return False
        return created + AHEAD > self._latest
