"""Peeks: whether an attempt whose log nobody follows is silent, by looking at its last line now and then.

There are fewer connections than attempts, and an attempt that hangs must be found all the same. So of those that
are not followed, and only where timeouts.stall asks for it, the time of the last line is read twice in that time.
When it is the same after the whole of it, nothing was printed meanwhile. The clocks of nodes are not trusted: the
line's time only tells one line from another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from renderjob.executors.kubernetes.views import PodView
from renderjob.kube import KubeApi, KubeError, WriteLimiter

log = logging.getLogger(__name__)

A_SECOND = 20.0
"""Peeks a second, at most; RenderJobs take turns."""
TOGETHER = 8
"""Peeks at most that wait for their answer."""
AGAIN = 10.0
"""Seconds before a log that could not be read is looked at again."""
_TIME = 64
"""Bytes of a line that are read: its time is at its beginning."""


@dataclass(slots=True)
class _Looked:
    """What is known of one attempt's log."""

    task: asyncio.Task[None]
    stall: float
    """Seconds for which it may be silent."""
    line: str | None = None
    """The time of the last line, as the node has it; empty for a log without a line; None: never read."""
    active: datetime | None = None
    """Since when that is the last line, or longer."""
    silent: bool = False
    """Whether nothing was printed since, for as long as the attempt may be silent."""


class Peeks:
    """Looks at logs; tells when an attempt has been silent for too long."""

    def __init__(self, api: KubeApi, notify: Callable[[str], None], clock: Callable[[], datetime]) -> None:
        """`notify` is called with a RenderJob's uid when one of its attempts was found to be silent."""
        self._api = api
        self._notify = notify
        self._clock = clock
        self._turns = WriteLimiter(A_SECOND, TOGETHER, in_flight=TOGETHER)
        self._looked: dict[str, dict[int, _Looked]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._looked.values()))

    def of(
        self, uid: str, id_: int, pod: PodView, container: str, stall: float
    ) -> tuple[datetime | None, bool]:
        """Since when an attempt says nothing, and whether that is known to be so until now; looks on from here."""
        of_job = self._looked.setdefault(uid, {})
        looked = of_job.get(id_)
        if looked is not None and looked.stall != stall:
            looked.task.cancel()  # the manifest was edited
            looked = None
        if looked is None:
            task = asyncio.create_task(self._look(uid, id_, pod, container, stall))
            looked = of_job[id_] = _Looked(task, stall)
        return looked.active, looked.silent

    def end(self, uid: str, id_: int) -> None:
        """An attempt is followed now, or has ended."""
        of_job = self._looked.get(uid, {})
        looked = of_job.pop(id_, None)
        if looked is not None:
            looked.task.cancel()
        if not of_job:
            self._looked.pop(uid, None)

    def keep(self, uid: str, ids: Collection[int]) -> None:
        """Let go of attempts that have ended."""
        for id_ in [id_ for id_ in self._looked.get(uid, ()) if id_ not in ids]:
            self.end(uid, id_)

    async def close(self) -> None:
        """Let go of all."""
        tasks = [looked.task for of_job in self._looked.values() for looked in of_job.values()]
        self._looked.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, uid: str, id_: int, pod: PodView, container: str, stall: float) -> None:
        while True:
            line = await self._last_line(uid, pod, container)
            looked = self._looked.get(uid, {}).get(id_)
            if looked is None:
                return
            if line is None:
                looked.silent = False
                await asyncio.sleep(AGAIN)
                continue
            now = self._clock()
            if line != looked.line or looked.active is None:
                looked.line, looked.active, looked.silent = line, now, False
            left = (looked.active + timedelta(seconds=stall) - now).total_seconds()
            if left <= 0 and not looked.silent:
                looked.silent = True
                self._notify(uid)
            # The first look after half of the time finds out sooner that it spoke, and later, that it is silent.
            await asyncio.sleep(min(stall / 2, left) if left > 0 else stall / 2)

    async def _last_line(self, uid: str, pod: PodView, container: str) -> str | None:
        """The time of the last line; None when it can't be told."""
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"
        try:
            async with self._turns.turn(uid):
                text = await self._api.text(
                    path, container=container, tailLines=1, timestamps=True, limitBytes=_TIME
                )
        except KubeError as error:
            log.debug("the last line of %s can't be read: %s", pod.name, error)
            return None
        return text[:_TIME].partition(" ")[0]
