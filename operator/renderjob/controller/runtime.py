"""Runtime: the operator's parts, put together; everything of it but kopf."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from renderjob.api import API_VERSION, KIND, RenderJob
from renderjob.core import Decision
from renderjob.executors.kubernetes import KubernetesExecutor, LogFollower, job_informer, pod_informer
from renderjob.kube import EventRecorder, Informer, KubeApi, WriteLimiter
from renderjob.manager import Budget, JobManager, Lane, RepositoryError
from renderjob.repositories import CustomResourceRepository
from renderjob.workload import SharedOutputs, volume_place

from .aside import Aside, Pulse
from .health import health_server
from .image import helper_image
from .lease import Lead, end_when_still, stand_for_lead
from .metrics import Metrics
from .settings import Settings

log = logging.getLogger(__name__)

SOON = 5.0
"""Seconds until RenderJobs are listed again that could not be."""


class LeadershipLostError(Exception):
    """Somebody else may lead now: this process must end, and begins anew as a standby."""


class Runtime:
    """One process of the operator. Standbys watch as the leader does, so that they can take over at once."""

    def __init__(self, settings: Settings, api: KubeApi) -> None:
        """Nothing is sent before `run`."""
        self._settings = settings
        self._api = api
        self.limiter = WriteLimiter(settings.writes_per_second, settings.write_burst)
        self.budget = Budget(settings.look_seconds)
        self._lane = Lane(self.budget)
        self.repository = CustomResourceRepository(
            api, namespace=settings.namespace, limiter=self.limiter, cached=True, lane=self._lane
        )
        self._jobs = job_informer(api, settings.namespace, resync=settings.resync)
        self._pods = pod_informer(api, settings.namespace, resync=settings.resync)
        self.informers: Mapping[str, Informer[Any]] = {"jobs": self._jobs, "pods": self._pods}
        self._manager: JobManager | None = None
        self._recorder = EventRecorder(api, self.limiter, "renderjob-operator", settings.pod_name)
        self.pulse = Pulse()
        self.metrics = Metrics(self)
        self.budget.listener = self.metrics.looks.observe
        self._no_access = ""
        """Why kopf can neither list nor watch RenderJobs."""
        self.port = 0
        """Where probes are answered."""

    # -- what can be read off ---------------------------------------------------------------------------------

    @property
    def leads(self) -> bool:
        """Whether this process decides."""
        return self._manager is not None

    @property
    def backlog(self) -> int:
        """RenderJobs that wait to be reconciled."""
        return self._manager.backlog if self._manager else 0

    @property
    def known(self) -> set[str]:
        """The ids of the RenderJobs that are known."""
        return self.repository.uids()

    def trouble(self) -> str:
        """Why this process should be restarted; empty when it is well. Asked from aside.

        An API server that can't be reached is no reason: to begin anew would not help, and readiness says so.
        """
        if self.pulse.age() > self._settings.stuck_after:
            return f"the event loop has stood still for {self.pulse.age():.0f}s"
        stale = [
            f"nothing was heard of {name} for {informer.stillness():.0f}s, and nothing failed"
            for name, informer in self.informers.items()
            if informer.stillness() > self._settings.stale_after
        ]
        return "; ".join(stale)

    def not_ready(self) -> str:
        """Why this process can't lead, or take over: which collection it can't read. Empty when it can."""
        troubles = {
            "renderjobs": self.repository.trouble or self._no_access,
            **{name: informer.trouble for name, informer in self.informers.items()},
        }
        return "; ".join(f"{name} can't be read: {why}" for name, why in troubles.items() if why)

    # -- what is observed ----------------------------------------------------------------------------------------

    def report_access(self, trouble: str) -> None:
        """RenderJobs can be listed and watched; or why not."""
        self._no_access = trouble

    def observe_event(self, kind: str | None, raw: dict[str, Any]) -> None:
        """Something happened to a RenderJob."""
        uid = raw["metadata"]["uid"]
        if kind == "DELETED":
            self.repository.forget(uid)
        elif not self.repository.observe_version(raw["metadata"]):
            return
        self._wake(uid, raw["metadata"].get("generation"))

    def observe_object(self, raw: dict[str, Any], size: int) -> None:
        """A RenderJob as a watch sent it; `observe_event` follows in a moment."""
        self.repository.prefetch(raw, size)

    def _wake(self, uid: str, generation: int | None = None) -> None:
        if self._manager is not None:
            self._manager.wake(uid, generation)

    # -- running ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch; lead when it is our turn. Does not end by itself.

        Raises:
            LeadershipLostError: somebody else may lead.
        """
        async with Aside() as aside:
            self.port = await aside.enter(self._probes)
            lead = await stand_for_lead(aside, self._settings)
            async with asyncio.TaskGroup() as group:
                group.create_task(self.pulse.beat(), name="pulse")
                group.create_task(
                    aside.run(end_when_still(self.pulse, self._settings.stuck_after, lead)), name="guard"
                )
                for name, informer in self.informers.items():
                    group.create_task(informer.run(), name=f"informer of {name}")
                group.create_task(self._recorder.run(), name="events")
                group.create_task(self._resync(), name="resync")
                group.create_task(self._lead(lead), name="lead")

    def _probes(self) -> AbstractAsyncContextManager[int]:
        settings = self._settings
        return health_server(
            settings.health_address,
            settings.health_port,
            live=self.trouble,
            ready=self.not_ready,
            metrics=self.metrics.registry,
        )

    async def _resync(self) -> None:
        """Relist now and then, for events that a watch missed. Soon, while the last list failed."""
        while True:
            usual = self._settings.resync * random.uniform(0.9, 1.1)  # noqa: S311
            if self.repository.trouble:
                await asyncio.sleep(min(SOON, usual))
                if not self.repository.trouble:
                    # Whoever leads has listed them meanwhile.
                    continue
            else:
                await asyncio.sleep(usual)
            try:
                for uid in await self.repository.resync() | self.known:
                    self._wake(uid)
            except RepositoryError as error:
                log.warning("the RenderJobs can't be listed, tried again later: %s", error)

    async def _lead(self, lead: Lead) -> None:
        # Of a process that was stopped for a while, the first thing that runs may be a write.
        self.limiter.allowed = lambda: lead.is_ours
        try:
            log.info("waits for the lead" if self._settings.leader_elect else "leads without an election")
            await lead.acquire()
            log.info("leads")
            for informer in self.informers.values():
                await informer.synced.wait()
            follower = LogFollower(
                self._api, most=self._settings.logs_followed, patience=self._settings.log_patience
            )
            executor = KubernetesExecutor(
                self._api,
                jobs=self._jobs,
                pods=self._pods,
                limiter=self.limiter,
                image=await helper_image(self._api, self._settings),
                logs=follower,
            )
            manager = JobManager(
                self.repository,
                executor,
                workers=self._settings.workers,
                pace=self._settings.pace,
                polls=False,
                lane=self._lane,
                shared=SharedOutputs(volume_place),
                namespace_of=self.repository.namespace_of,
            )
            manager.watch(self._record_events)
            await self._first_resync()
            async with follower, manager:
                self._manager = manager
                for uid in self.known:
                    manager.wake(uid)
                try:
                    await lead.until_lost()
                finally:
                    self._manager = None
            raise LeadershipLostError("the lease was lost")
        finally:
            await lead.release()

    async def _first_resync(self) -> None:
        """Nothing is decided before everything is known."""
        while True:
            try:
                await self.repository.resync()
            except RepositoryError as error:
                log.warning("the RenderJobs can't be listed, tried again: %s", error)
                await asyncio.sleep(2.0)
            else:
                return

    def _record_events(self, job: RenderJob, decision: Decision) -> None:
        self.metrics.decisions.labels("changed" if decision.actions or decision.events else "nothing").inc()
        reference = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": job.metadata.namespace,
            "name": job.metadata.name,
            "uid": job.metadata.uid,
        }
        for event in decision.events:
            self.metrics.events.labels(event.reason).inc()
            if event.failure_class is not None:
                self.metrics.failures.labels(event.failure_class.value).inc(event.count)
            self._recorder.record(
                reference, "Warning" if event.warning else "Normal", event.reason, event.message
            )
