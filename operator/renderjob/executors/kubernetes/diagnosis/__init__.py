"""Why nothing starts: what the API server refuses, what events tell of Jobs without pods, of pods without containers.

Events are asked for, rarely, while something does not get on; all else is known from requests that were made anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from renderjob.core import AttemptObservation, Refusal
from renderjob.executors.kubernetes.views import JobView, PodView
from renderjob.kube import KubeApi

from .events import NO_POD, NO_START, ControllerQueue, EventSearch, blocked_by, refusal_in
from .refusals import QUOTA, Refusals, no_pod, refusal_of

__all__ = ["Diagnosis", "no_pod", "refusal_of"]


class Diagnosis:
    """What is known of the RenderJobs of which something does not start."""

    def __init__(self, api: KubeApi, notify: Callable[[str], None], clock: Callable[[], datetime]) -> None:
        """What asks.

        Args:
            api: the connection.
            notify: is called with a RenderJob's uid when it is time to observe it again.
            clock: tells the time, with a zone.
        """
        self._notify = notify
        self.refusals = Refusals(lambda: asyncio.get_running_loop().time())
        self.controller = ControllerQueue()
        self._no_pod: EventSearch[JobView] = EventSearch(
            api, notify, NO_POD, clock, coming=lambda view: self.controller.is_before(view.created)
        )
        self._no_start: EventSearch[PodView] = EventSearch(api, notify, NO_START, clock)
        self._generations: dict[str, int] = {}

    def refused(self, uid: str, refusal: Refusal) -> None:
        """Nothing can be started for a RenderJob; it is observed at once, and when it makes sense to ask again."""
        if self.refusals.waits(uid):
            return
        pause = self.refusals.refused(uid, refusal)
        loop = asyncio.get_running_loop()
        loop.call_soon(self._notify, uid)
        loop.call_later(pause, self._notify, uid)

    def accepted(self, uid: str) -> None:
        """Something was started."""
        if self.refusals.accepted(uid):
            self._notify(uid)

    def observed(self, uid: str, generation: int) -> None:
        """A RenderJob is observed, at this generation of its spec."""
        if self._generations.get(uid) != generation:
            self._generations[uid] = generation
            self.refusals.edited(uid)

    def forget(self, uid: str) -> None:
        """A RenderJob is gone."""
        self.refusals.forget(uid)
        self._no_pod.forget(uid)
        self._no_start.forget(uid)
        self._generations.pop(uid, None)

    async def explain(
        self,
        uid: str,
        in_flight: Collection[int],
        jobs: Sequence[JobView],
        pods: Sequence[PodView],
        attempts: list[AttemptObservation],
    ) -> tuple[list[AttemptObservation], Refusal | None]:
        """Attempts, with the reason for those that do not start; and why nothing can be started at all.

        Args:
            uid: the RenderJob's.
            in_flight: ids of its attempts in flight.
            jobs: its Jobs.
            pods: their pods.
            attempts: as they are observed.
        """
        attempts, refused = await self._without_pods(uid, in_flight, jobs, pods, attempts)
        attempts = await self._without_containers(uid, pods, attempts)
        return attempts, self.refusals.of(uid) or refused

    async def _without_pods(
        self,
        uid: str,
        in_flight: Collection[int],
        jobs: Sequence[JobView],
        pods: Sequence[PodView],
        attempts: list[AttemptObservation],
    ) -> tuple[list[AttemptObservation], Refusal | None]:
        """The attempts, with the reason for those that have no pod; and a refusal where none has one."""
        with_pods = {pod.attempt_id for pod in pods}
        begun = [job for job in jobs if job.attempt_id in in_flight and not (job.finished or job.deleting)]
        without = [job for job in begun if job.attempt_id not in with_pods and not job.suspended]
        words = await self._no_pod.why(uid, without)
        if not words:
            return attempts, None
        refused = refusal_in(words)
        held_up = blocked_by(words)
        held = {job.attempt_id for job in without}
        # What a quota holds up goes on when others end: that may take any time.
        passes = refused is not None and refused.reason == QUOTA
        explained = [
            replace(a, waiting=held_up, waiting_since=None if passes else a.waiting_since)
            if a.id in held
            else a
            for a in attempts
        ]
        return explained, refused if len(without) == len(begun) else None

    async def _without_containers(
        self, uid: str, ours: Sequence[PodView], attempts: list[AttemptObservation]
    ) -> list[AttemptObservation]:
        """The attempts, with the reason for those whose pod is on a node and does not get its containers."""
        waiting = {a.id for a in attempts if not (a.finished or a.started_at or a.waiting)}
        pods = [
            pod
            for pod in ours
            if pod.attempt_id in waiting and pod.node and not (pod.equipped or pod.deleting)
        ]
        words = await self._no_start.why(uid, pods)
        if not words:
            return attempts
        # It was asked about one; others most likely wait for the same, on its node more so than elsewhere.
        nodes = {pod.node for pod in pods if pod.uid == self._no_start.about(uid)}
        held = {pod.attempt_id: pod.node not in nodes for pod in pods}
        held_up = blocked_by(words)
        return [replace(a, waiting=held_up, hearsay=held[a.id]) if a.id in held else a for a in attempts]
