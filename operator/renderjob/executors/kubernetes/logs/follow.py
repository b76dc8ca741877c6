"""Logs of running pods, followed for their progress: so many at a time at most, shared fairly by RenderJob.

While there is room every attempt is followed. When there is none, a RenderJob that has fewer than another one takes
a place from the one with the most. Whoever has no place is looked at by `Peeks`, so that no attempt hangs unseen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from renderjob.api import RenderJob
from renderjob.core import Kind
from renderjob.core.inflight import InFlight
from renderjob.executors.kubernetes.views import PodView
from renderjob.executors.reading import reader_for
from renderjob.frames import EMPTY, FrameSet
from renderjob.kube import ApiError, KubeApi, KubeError
from renderjob.manager import Listener
from renderjob.primitives import Backoff
from renderjob.progress import ProgressReader

from .live import LiveLog
from .peeks import Peeks

log = logging.getLogger(__name__)

MOST = 64
"""Logs that are followed at a time: each is a connection, and lines to read."""

PATIENCE = 8.0
"""Seconds that an attempt runs before its log is followed: short chunks end before anybody looks."""

PAUSE = 10.0
"""Seconds before a log that broke off, or that there is none of, is asked for again; each time twice as long."""

LONGEST_PAUSE = 160.0
"""Seconds between two tries at most: a cluster whose logs can't be read is not asked for ever, 64 logs at a time."""

LONGEST = 64 * 1024
"""Bytes of a line that are kept: an endless line does not fill the memory."""

TELL = 1.0
"""Seconds between two notices for one attempt: the status is not written more often."""

SHARE = 0.1
"""Of the loop's time, for all logs of one RenderJob together."""
BURST = 0.25
"""Seconds of computing at once, after a quiet time."""

_Key = tuple[str, int]


@dataclass(slots=True)
class _Followed:
    """One log that is followed."""

    reader: ProgressReader
    task: asyncio.Task[None]
    active: datetime | None = None
    told: float = 0.0
    due: asyncio.TimerHandle | None = None
    """When what was heard since is shown."""
    snapshot: LiveLog = field(default_factory=lambda: LiveLog(connected=False))


class LogFollower:
    """LiveLogs by following the pods' logs; use it as an async context manager."""

    def __init__(
        self,
        api: KubeApi,
        *,
        most: int = MOST,
        patience: float = PATIENCE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """At most `most` at a time, each from `patience` seconds after its attempt began; `clock` has a zone."""
        self._api = api
        self._most = most
        self._patience = patience
        self._clock = clock
        self._followed: dict[_Key, _Followed] = {}
        self._places: Counter[str] = Counter()
        """How many logs of a RenderJob are followed."""
        self._left: dict[_Key, LiveLog] = {}
        """What was known of logs that gave up their place to another RenderJob's."""
        self._share = Share()
        self._peeks = Peeks(api, self._tell, clock)
        self._listeners: list[Listener] = []
        self._expected: set[_Key] = set()
        """Attempts that are too young, and for which a look is due when they are not."""

    async def __aenter__(self) -> LogFollower:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [followed.task for followed in self._followed.values()]
        self._followed.clear()
        self._places.clear()
        await self._peeks.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._followed)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with a RenderJob's uid when a log of its attempts said something."""
        self._listeners.append(listener)

    def of(self, job: RenderJob, attempt: InFlight | None, pods: Sequence[PodView]) -> LiveLog | None:
        """What is known of a running attempt's log; begins to follow it when it is time and there is room."""
        if attempt is None or attempt.kind is not Kind.RENDER:
            return None
        uid, id_ = key = (job.metadata.uid, attempt.id)
        followed = self._followed.get(key)
        if followed is not None:
            return followed.snapshot
        pod = max(pods, key=lambda p: (p.created, p.name), default=None)
        if pod is None or pod.started is None or pod.terminal:
            return self._left.get(key)
        ran = (self._clock() - pod.started).total_seconds()
        if ran < self._patience:
            self._look_later(key, self._patience - ran + 0.1)
            return None
        if len(self._followed) < self._most or self._make_room(uid):
            self._peeks.end(uid, id_)
            self._begin(key, job, attempt, pod)
            return self._left.pop(key, None)
        return self._unfollowed(key, job, pod)

    def keep(self, uid: str, ids: Collection[int]) -> None:
        """Let go of the logs of attempts that have ended."""
        for key in [k for k in self._followed if k[0] == uid and k[1] not in ids]:
            self._end(key)
        for key in [k for k in self._left if k[0] == uid and k[1] not in ids]:
            del self._left[key]
        self._peeks.keep(uid, ids)
        if not ids:
            self._share.forget(uid)

    def _make_room(self, uid: str) -> bool:
        """Take a place from the RenderJob that has the most, if it has more than this one will have."""
        if not self._places:
            return False
        hog, most = self._places.most_common(1)[0]
        if most <= self._places[uid] + 1:
            return False
        # The newest: the others are nearer to their end.
        key = max(k for k in self._followed if k[0] == hog)
        self._left[key] = replace(self._end(key).snapshot, connected=False)
        return True

    def _unfollowed(self, key: _Key, job: RenderJob, pod: PodView) -> LiveLog | None:
        """What is known of a log that there is no place for."""
        known, stall = self._left.get(key), job.spec.timeouts.stall
        if stall is None:
            return known
        active, silent = self._peeks.of(*key, pod, job.spec.template.container.name, stall)
        if active is None:
            return known
        known = known or LiveLog()
        return replace(known, active=max(active, known.active or active), connected=silent)

    def _end(self, key: _Key) -> _Followed:
        followed = self._followed.pop(key)
        followed.task.cancel()
        if followed.due is not None:
            followed.due.cancel()
        self._places[key[0]] -= 1
        self._places += Counter()  # without those that have none
        return followed

    def _look_later(self, key: _Key, seconds: float) -> None:
        if key not in self._expected:
            self._expected.add(key)
            asyncio.get_running_loop().call_later(seconds, self._due, key)

    def _due(self, key: _Key) -> None:
        self._expected.discard(key)
        self._tell(key[0])

    def _begin(self, key: _Key, job: RenderJob, attempt: InFlight, pod: PodView) -> None:
        output = job.spec.output.path if job.spec.output else ""
        reader = reader_for(job.spec, attempt.kind, attempt.frames, output)
        container = job.spec.template.container.name
        task = asyncio.create_task(self._follow(key, pod, container))
        self._followed[key] = _Followed(reader, task)
        self._places[key[0]] += 1

    async def _follow(self, key: _Key, pod: PodView, container: str) -> None:
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"
        broke: float | None = None
        backoff = Backoff(PAUSE, LONGEST_PAUSE)
        while True:
            # What was printed meanwhile is read, too.
            since = None if broke is None else math.ceil(time.monotonic() - broke) + 1
            try:
                stream = self._api.stream(
                    path,
                    opened=lambda: self._opened(key, backoff),
                    longest=LONGEST,
                    follow=True,
                    container=container,
                    sinceSeconds=since,
                )
                async with contextlib.aclosing(stream) as lines:
                    async for line in lines:
                        began = time.thread_time()
                        self._heard(key, line)
                        pause = self._share.spend(key[0], time.thread_time() - began)
                        if pause > 0:
                            # Meanwhile it is not read, so that whoever sends it waits, too.
                            await asyncio.sleep(pause)
            except ApiError as error:
                if error.not_found:
                    return
                log.debug("the log of %s can't be followed: %s", pod.name, error)
            except KubeError as error:
                log.debug("the log of %s broke off: %s", pod.name, error)
            followed = self._followed.get(key)
            if followed is not None and followed.snapshot.connected:
                followed.snapshot = replace(followed.snapshot, connected=False)
                broke = time.monotonic()
            await asyncio.sleep(backoff.next())

    def _opened(self, key: _Key, backoff: Backoff) -> None:
        """From here on silence counts; of what was before nobody knows whether it was heard."""
        backoff.reset()
        followed = self._followed.get(key)
        if followed is not None:
            followed.active = self._clock()
            followed.snapshot = replace(followed.snapshot, active=followed.active, connected=True)
            self._tell(key[0])

    def _heard(self, key: _Key, line: bytes) -> None:
        followed = self._followed.get(key)
        if followed is None:
            return
        followed.active = self._clock()
        reader = followed.reader
        changed = reader.feed(line + b"\n")
        wait = followed.told + TELL - time.monotonic()
        if wait <= 0 or (changed and reader.fail):
            self._show(key)
        elif followed.due is None:
            # The last line of a burst must be seen, too, though none follows it.
            followed.due = asyncio.get_running_loop().call_later(wait, self._show, key)

    def _show(self, key: _Key) -> None:
        followed = self._followed.get(key)
        if followed is None:
            return
        if followed.due is not None:
            followed.due.cancel()
            followed.due = None
        followed.told = time.monotonic()
        reader = followed.reader
        done = EMPTY if reader.movie else FrameSet(reader.frames_done)
        followed.snapshot = LiveLog(
            reader.fraction, done, reader.fail or "", reader.unsaved or "", followed.active
        )
        self._tell(key[0])

    def _tell(self, uid: str) -> None:
        for listener in self._listeners:
            listener(uid)


class Share:
    """How much of the event loop's time each RenderJob may use for what its pods print.

    A bucket for each key: what is spent flows off at a steady rate, and whoever spills over waits.
    """

    def __init__(
        self, share: float = SHARE, burst: float = BURST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._share = share
        self._burst = burst
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}
        """By key, seconds that have not flowed off, and when that was so."""

    def spend(self, key: str, seconds: float) -> float:
        """Note that a key took so many seconds. Returns for how many it must not take any."""
        now = self._clock()
        level, since = self._spent.get(key, (0.0, now))
        level = max(0.0, level - (now - since) * self._share) + seconds
        self._spent[key] = level, now
        return max(0.0, level - self._burst) / self._share

    def forget(self, key: str) -> None:
        """Nothing of it is left that could spend."""
        self._spent.pop(key, None)
