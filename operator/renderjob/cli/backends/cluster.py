"""A cluster as a Backend: jobs are its RenderJob resources, and an operator works on them."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from renderjob.api import RenderJob
from renderjob.cli.errors import CliError
from renderjob.cli.live.attempts import Node
from renderjob.cli.logs.choice import Log
from renderjob.cli.places import ClusterPlace, Place
from renderjob.cli.text import printable
from renderjob.cli.where import Where
from renderjob.kube import ApiError, Informer, KubeApi, Object
from renderjob.manager import DamagedStatusError, InvalidJobError, JobManager, RepositoryError
from renderjob.repositories.custom_resource import CustomResourceRepository, collection
from renderjob.repositories.resource import read_job

from .backend import FULL, NoExecutor, pick
from .cluster_errors import in_words

if TYPE_CHECKING:
    from renderjob.cli.live.attempts import Attempts
    from renderjob.cli.preview.request import PreviewRequest
    from renderjob.executors.kubernetes import PodView

log = logging.getLogger(__name__)

AGENT = "renderjob-cli"

_BREATH = 0.1
"""Seconds between two pictures of what changed: a busy operator writes more often than anybody looks."""


class ClusterBackend:
    """RenderJobs of a namespace, or of all."""

    def __init__(self, where: Where, api: KubeApi) -> None:
        self.api = api
        usual = api.namespace
        self.namespace = None if where.everywhere else where.namespace or usual
        self.place: Place = ClusterPlace(where, self.namespace, usual)
        self._repository = CustomResourceRepository(api, namespace=self.namespace)
        self.manager = JobManager(self._repository, NoExecutor())
        self._raw: dict[str, Object] = {}
        self._told: dict[str, str] = {}
        """What was said of jobs that can't be read."""
        self._pods: Informer[PodView] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def close(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def list(self) -> list[RenderJob]:
        """All jobs, the oldest first; those too whose spec can't be read."""
        return list(await self._list(self.namespace))

    async def _list(self, namespace: str | None) -> Sequence[RenderJob]:
        jobs = []
        async with aclosing(self.api.list_pages(collection(namespace))) as pages:
            async for page in pages:
                jobs += [job for item in page.get("items") or () if (job := self._seen(item)) is not None]
        return _ordered(jobs)

    async def find(self, reference: str) -> RenderJob:
        """The job that a reference means: by name in one request, by the beginning of its id among all."""
        reference = reference.removeprefix(FULL)
        space, _, name = reference.rpartition("/")
        namespace = space or self.namespace
        if namespace is not None:
            found = await self._get(namespace, name)
            if found is not None:
                return found
        try:
            jobs = await self._list(namespace)
        except ApiError as error:
            if error.status != 403:
                raise
            raise CliError(f"no job is called {name} {self.place.here}") from error
        return pick(jobs, name, namespace, self.place)

    async def _get(self, namespace: str, name: str) -> RenderJob | None:
        try:
            raw = await self.api.get(f"{collection(namespace)}/{name}")
        except ApiError as error:
            if error.not_found and error.details.get("kind"):
                return None
            raise
        return self.read(raw)

    def read(self, raw: Object) -> RenderJob:
        """The job of a resource, from here on known to the verbs.

        Of one that can't be read as a whole it is said once what is wrong.

        Raises:
            RepositoryError: it has no name, or no uid.
        """
        try:
            job = read_job(raw)
        except (InvalidJobError, DamagedStatusError) as error:
            # A stand-in for what can't be read, and all the rest of it.
            job = error.job
            if self._told.get(job.metadata.uid) != error.problem:
                self._told[job.metadata.uid] = error.problem
                log.warning("%s", printable(str(error)))
        self._repository.note(raw)
        self._raw[job.metadata.uid] = raw
        return job

    def _seen(self, raw: Object) -> RenderJob | None:
        try:
            return self.read(raw)
        except RepositoryError as error:
            log.warning("%s", error)
            return None

    async def watch(self, job: RenderJob | None = None) -> AsyncGenerator[Sequence[RenderJob]]:
        """Listen to the resources: at once, and whenever the API server tells of a change."""
        namespace, query = self.namespace, {}
        if job is not None:
            namespace, query = job.metadata.namespace, {"fieldSelector": f"metadata.name={job.metadata.name}"}
        # What an informer would try again for ever, somebody who may not look wants to hear.
        await self.api.get(collection(namespace), limit=1, **query)
        informer = Informer(self.api, collection(namespace), self._seen, query=query)
        changed = asyncio.Event()
        informer.subscribe(lambda *_: changed.set())
        listening = asyncio.create_task(informer.run())
        try:
            await informer.synced.wait()
            while True:
                changed.clear()
                jobs = informer.objects()
                yield _ordered(j for j in jobs if job is None or j.metadata.uid == job.metadata.uid)
                await changed.wait()
                await asyncio.sleep(_BREATH)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def attended(self, job: RenderJob) -> bool:
        """The operator takes up what is edited."""
        del job
        return True

    async def settle(self, job: RenderJob) -> RenderJob:
        """That is the operator's."""
        raise CliError(f"{job.key} is the operator's to look at")

    async def delete(self, job: RenderJob, timeout: float) -> str:  # noqa: ASYNC109, ARG002
        """Delete the resource; the cluster removes what runs of it."""
        there = await self.manager.delete(job.metadata.uid)
        if not there:
            return "was deleted already"
        return "is deleted; what runs of it is being stopped, and what is rendered is kept"

    def document(self, job: RenderJob) -> dict[str, Any]:
        """The resource as the API server has it, but for who wrote which field."""
        raw = self._raw[job.metadata.uid]
        metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
        return {**raw, "metadata": metadata}

    async def logs(self, job: RenderJob) -> Sequence[Log]:
        """The logs of its pods."""
        from renderjob.cli.logs.pods import pod_logs

        return await pod_logs(self.api, job.metadata.namespace, job.metadata.uid)

    def attempts(self, job: RenderJob) -> AbstractAsyncContextManager[Attempts]:
        """What its pods do and print."""
        from renderjob.cli.live.pods import pod_attempts

        return pod_attempts(self.api, job)

    async def show(self, job: RenderJob, request: PreviewRequest) -> str:
        """A pod beside the frames, but where they are at hand."""
        from renderjob.cli.preview.request import preview_here, preview_in_cluster

        return (
            preview_here(job, request)
            if request.directory is not None
            else await preview_in_cluster(self.api, job, request)
        )

    async def nodes(self) -> Sequence[Node]:
        """The nodes with pods of ours; empty for who may not see pods."""
        if self._pods is None:
            from renderjob.executors.kubernetes import pod_informer

            pods = pod_informer(self.api, self.namespace)
            try:
                await self.api.get(pods.path, limit=1)
            except ApiError:
                return ()
            self._pods = pods
            self._tasks.append(asyncio.create_task(pods.run()))
            await pods.synced.wait()
        running: defaultdict[str, list[str]] = defaultdict(list)
        for pod in self._pods.objects():
            if pod.started is not None and not pod.terminal:
                running[pod.node].append(pod.owner)
        return [Node(name, len(owners), len(set(owners))) for name, owners in sorted(running.items())]


def _ordered(jobs: Any) -> list[RenderJob]:
    return sorted(jobs, key=lambda job: (str(job.metadata.creation_timestamp), job.key))


@asynccontextmanager
async def cluster_backend(where: Where) -> AsyncIterator[ClusterBackend]:
    """Connect to the cluster that the options, or the kubeconfig, name.

    Raises:
        CliError: there is none, or what it answered instead of what was asked.
    """
    with in_words():
        async with await KubeApi.connect(where.kubeconfig, where.context, agent=AGENT) as api:
            backend = ClusterBackend(where, api)
            try:
                yield backend
            finally:
                await backend.close()
