"""KubernetesExecutor: attempts as batch/v1 Jobs, one each, owned by their RenderJob."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from renderjob.api import RenderJob
from renderjob.core import Action, Observed
from renderjob.executors.each import perform_each
from renderjob.kube import Informer, KubeApi, WriteLimiter
from renderjob.kube.informer import RESYNC
from renderjob.manager import Listener

from .actor import Actor
from .children import Children
from .diagnosis import Diagnosis
from .logs import LiveLogs, NoLogs
from .names import LABEL_UID
from .news import ChildNews, News
from .observer import Observer
from .views import JobView, PodView, read_job_view, read_pod_view


class KubernetesExecutor:
    """An observer and an actor, what they know of children together, and why some of these do not start."""

    def __init__(
        self,
        api: KubeApi,
        *,
        jobs: Informer[JobView],
        pods: Informer[PodView],
        limiter: WriteLimiter,
        image: str,
        logs: LiveLogs | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """What runs attempts in a cluster.

        Args:
            api: the connection.
            jobs: informer of our Jobs, indexed by their owner's uid.
            pods: informer of their pods, indexed by the RenderJob's uid.
            limiter: of writes.
            image: for the built-in merge and verifications.
            logs: follows what running attempts print; None follows nothing.
            clock: tells the time, with a zone.
        """
        self._children = Children(jobs, pods)
        self._news = News()
        self._diagnosis = Diagnosis(api, self._news.notify, clock)
        # Not `or`: one that follows nothing yet is empty.
        self._logs: LiveLogs = NoLogs() if logs is None else logs
        self._observer = Observer(api, self._children, self._diagnosis, self._logs, image)
        changes = ChildNews(self._children, self._diagnosis, self._news)
        self._actor = Actor(api, limiter, image, self._children, self._diagnosis, self._news, changes)
        jobs.subscribe(changes.job_changed)
        pods.subscribe(changes.pod_changed)
        self._logs.subscribe(self._news.notify_soon)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` whenever an attempt changed."""
        self._news.subscribe(listener)

    async def observe(self, job: RenderJob) -> Observed:
        """The attempts of a job."""
        self._news.taken_in(job.metadata.uid)
        self._children.know(job)
        self._diagnosis.observed(job.metadata.uid, job.metadata.generation)
        return await self._observer.observe(job)

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        """Create, stop or delete attempts' Jobs."""
        self._children.know(job)
        await perform_each(partial(self._actor.act, job), actions)

    async def abandon(self, uid: str) -> None:
        """A RenderJob is gone: the garbage collector removes its Jobs; we forget what we remember of it."""
        self._news.taken_in(uid)
        self._diagnosis.forget(uid)
        self._logs.keep(uid, ())
        self._children.forget(uid)


def job_informer(api: KubeApi, namespace: str | None, *, resync: float = RESYNC) -> Informer[JobView]:
    """The informer of our Jobs, by their owner's uid; lists all each `resync` seconds."""
    below = f"/namespaces/{namespace}" if namespace else ""
    return Informer(
        api,
        f"/apis/batch/v1{below}/jobs",
        decode=read_job_view,
        index_by=lambda view: view.owner,
        query={"labelSelector": LABEL_UID},
        resync=resync,
    )


def pod_informer(api: KubeApi, namespace: str | None, *, resync: float = RESYNC) -> Informer[PodView]:
    """The informer of their pods, by the RenderJob's uid; lists all each `resync` seconds."""
    below = f"/namespaces/{namespace}" if namespace else ""
    return Informer(
        api,
        f"/api/v1{below}/pods",
        decode=read_pod_view,
        index_by=lambda view: view.owner,
        query={"labelSelector": LABEL_UID},
        resync=resync,
    )
