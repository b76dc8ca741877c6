"""Observer: the attempts of a RenderJob, from what two informers have of its Jobs and pods.

It sends two kinds of requests: for the pods of a Job whose end has overtaken theirs, once, and what `diagnosis` asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from renderjob.api import RenderJob
from renderjob.core import AttemptObservation, Kind, Observed
from renderjob.core.inflight import InFlight, parse
from renderjob.kube import KubeApi, KubeError
from renderjob.manager import ExecutorError

from .children import Children, our_pods
from .diagnosis import Diagnosis
from .logs import LiveLogs
from .observation import observe_attempt, observe_orphan
from .views import JobView, PodView, read_pod_view


class Observer:
    """Observes; changes nothing."""

    def __init__(
        self, api: KubeApi, children: Children, diagnosis: Diagnosis, logs: LiveLogs, image: str
    ) -> None:
        """`image` is that of our own pods."""
        self._api = api
        self._children = children
        self._diagnosis = diagnosis
        self._logs = logs
        self._image = image

    async def observe(self, job: RenderJob) -> Observed:
        """The attempts of a job.

        Raises:
            ExecutorError: not all is known that is needed.
        """
        if not self._children.synced:
            raise ExecutorError("the cluster's Jobs and pods are still being listed")
        uid = job.metadata.uid
        in_flight = {entry.id: entry for entry in map(parse, job.status.in_flight)}
        jobs = self._children.jobs(uid)
        pods = self._children.pods(uid, jobs)
        jobs = [view for view in jobs if view.uid not in self._children.removed]
        attempts = await self._attempts(job, in_flight, jobs, pods)
        attempts, refused = await self._diagnosis.explain(uid, in_flight, jobs, pods, attempts)
        attempts += _orphans(jobs, pods)
        self._logs.keep(uid, {a.id for a in attempts if not a.finished or a.id in in_flight})
        self._children.disrupted.keep(uid, in_flight)
        return Observed(
            uid=uid,
            generation=job.metadata.generation,
            attempts=tuple(attempts),
            refused=refused,
            helper_image=self._image,
        )

    async def _attempts(
        self,
        job: RenderJob,
        in_flight: Mapping[int, InFlight],
        jobs: Sequence[JobView],
        pods: Sequence[PodView],
    ) -> list[AttemptObservation]:
        uid, by_attempt = job.metadata.uid, _by_attempt(pods)
        # Of the same moment as the pods: some may go while others are asked for.
        gone = {
            id_: self._children.disrupted.of(uid, attempt, by_attempt.get(id_, ()))
            for id_, attempt in in_flight.items()
        }
        return [
            await self._attempt(
                job,
                in_flight.get(view.attempt_id),
                view,
                by_attempt.get(view.attempt_id, ()),
                gone.get(view.attempt_id, 0),
            )
            for view in jobs
        ]

    async def _attempt(
        self,
        job: RenderJob,
        attempt: InFlight | None,
        view: JobView,
        pods: Sequence[PodView],
        gone: int,
    ) -> AttemptObservation:
        overtook = attempt is not None and view.finished and not any(pod.terminal for pod in pods)
        if overtook and _pod_tells(job, attempt, view):
            # The Job's end overtook its pod's: how it ended is asked for, once.
            pods = await self._fetch_pods(view) or pods
        # What the log of a pod that is gone had told by then holds, too.
        live = self._logs.of(job, attempt, () if view.finished else pods)
        return observe_attempt(job, attempt, view, pods, live, gone)

    async def _fetch_pods(self, view: JobView) -> list[PodView]:
        path = f"/api/v1/namespaces/{view.namespace}/pods"
        try:
            found = await self._api.get(path, labelSelector=f"batch.kubernetes.io/job-name={view.name}")
        except KubeError as error:
            raise ExecutorError(f"the pods of Job {view.name} can't be read: {error}") from error
        pods = [read_pod_view(item) for item in found.get("items", ())]
        return our_pods(view.owner, view.namespace, (view,), [pod for pod in pods if pod is not None])


def _pod_tells(job: RenderJob, attempt: InFlight | None, view: JobView) -> bool:
    """Whether the pod of a Job that has ended knows what is decided by and the Job does not tell."""
    renders = attempt is not None and attempt.kind is Kind.RENDER
    return not (view.complete and renders and job.spec.timeouts.minimum is None)


def _orphans(jobs: Sequence[JobView], pods: Sequence[PodView]) -> list[AttemptObservation]:
    """Attempts whose Job is gone, and of which a pod still runs."""
    there = {view.attempt_id for view in jobs}
    running: dict[int, PodView] = {}
    for pod in pods:
        if pod.attempt_id not in there and not pod.terminal:
            running.setdefault(pod.attempt_id, pod)
    return [observe_orphan(pod) for pod in running.values()]


def _by_attempt(pods: Sequence[PodView]) -> dict[int, Sequence[PodView]]:
    found: defaultdict[int, list[PodView]] = defaultdict(list)
    for pod in pods:
        found[pod.attempt_id].append(pod)
    return dict(found)
