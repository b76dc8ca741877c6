"""PodAttempts: attempts that a cluster runs, by their pods and by what these print."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from renderjob.api import RenderJob
from renderjob.core import Kind
from renderjob.core.inflight import InFlight, parse
from renderjob.executors.kubernetes import (
    LABEL_UID,
    JobView,
    LogFollower,
    PodView,
    our_jobs,
    our_pods,
    read_job_view,
    read_pod_view,
)
from renderjob.kube import ApiError, Informer, KubeApi

from .attempts import LiveAttempt, unseen

FOLLOWED = 24
"""Logs that are followed at a time, at most: as many chunks as a terminal shows."""

PATIENCE = 1.0
"""Seconds that a pod runs before its log is followed."""


class PodAttempts:
    """The attempts in flight of one job, each with its pod."""

    def __init__(self, jobs: Informer[JobView], pods: Informer[PodView], follower: LogFollower) -> None:
        self._jobs = jobs
        self._pods = pods
        self._follower = follower

    def observe(self, job: RenderJob) -> Sequence[LiveAttempt]:
        """From what was heard of the pods and of their logs."""
        uid = job.metadata.uid
        entries = [parse(text) for text in job.status.in_flight]
        self._follower.keep(uid, {entry.id for entry in entries})
        pods: defaultdict[int, list[PodView]] = defaultdict(list)
        namespace = job.metadata.namespace
        ours = our_jobs(uid, namespace, self._jobs.objects())
        for pod in our_pods(uid, namespace, ours, self._pods.objects()):
            pods[pod.attempt_id].append(pod)
        return [self._attempt(job, entry, pods[entry.id]) for entry in entries]

    def _attempt(self, job: RenderJob, entry: InFlight, pods: Sequence[PodView]) -> LiveAttempt:
        attempt = unseen(entry)
        pod = max(pods, key=lambda p: (p.created, p.name), default=None)
        if pod is None:
            return replace(attempt, status="waits for its pod" if entry.stop is None else "has stopped")
        if pod.started is None:
            return replace(attempt, status=pod.waiting.message if pod.waiting else "starts")
        live = self._follower.of(job, entry, pods)
        return replace(
            attempt,
            started=pod.started,
            status=_doing(entry, pod),
            fraction=live.fraction if live else 0.0,
            frames_done=live.frames_done if live else attempt.frames_done,
        )


def _doing(entry: InFlight, pod: PodView) -> str:
    if entry.stop is not None or pod.deleting:
        return f"stops on {pod.node}"
    if entry.kind in (Kind.VERIFY, Kind.LOOK):
        return f"looks for the files, on {pod.node}"
    if entry.kind is Kind.CHECK:
        return f"tries the merge of the first frames, on {pod.node}"
    return f"has ended on {pod.node}" if pod.terminal else f"on {pod.node}"


class _OnlyStatus:
    """For who may not see Jobs and pods: what the status says."""

    def observe(self, job: RenderJob) -> Sequence[LiveAttempt]:
        """The attempts, without progress."""
        return [unseen(parse(text)) for text in job.status.in_flight]


@asynccontextmanager
async def pod_attempts(api: KubeApi, job: RenderJob) -> AsyncIterator[PodAttempts | _OnlyStatus]:
    """Listen to the pods of a job, and to the logs of some."""
    of_jobs = f"/apis/batch/v1/namespaces/{job.metadata.namespace}/jobs"
    of_pods = f"/api/v1/namespaces/{job.metadata.namespace}/pods"
    query = {"labelSelector": f"{LABEL_UID}={job.metadata.uid}"}
    try:
        for path in (of_jobs, of_pods):
            await api.get(path, limit=1, **query)
    except ApiError:
        yield _OnlyStatus()
        return
    jobs = Informer(api, of_jobs, read_job_view, query=query)
    pods = Informer(api, of_pods, read_pod_view, query=query)
    listening = [asyncio.create_task(informer.run()) for informer in (jobs, pods)]
    try:
        async with LogFollower(api, most=FOLLOWED, patience=PATIENCE) as follower:
            yield PodAttempts(jobs, pods, follower)
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
