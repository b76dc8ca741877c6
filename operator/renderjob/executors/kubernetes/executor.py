"""KubernetesExecutor: attempts as batch/v1 Jobs, one each, owned by their RenderJob."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from renderjob.api import Reason, RenderJob
from renderjob.core import Action, Attempt, AttemptObservation, Forget, Kind, Observed, Refusal, Start, Stop
from renderjob.core.inflight import InFlight, parse
from renderjob.executors.each import perform_each
from renderjob.kube import ApiError, Event, Informer, KubeApi, KubeError, Object, WriteLimiter
from renderjob.kube.informer import RESYNC
from renderjob.manager import ExecutorError, Listener

from .believed import our_jobs, our_pods
from .births import Births
from .live import LiveLogs, NoLogs
from .manifests import job_manifest, plain_job
from .names import LABEL_UID, child_name
from .observation import observe_attempt, observe_orphan
from .refusals import QUOTA, Refusals, no_pod, refusal_of
from .unborn import NO_START, Unborn, blocked_by, refusal_in
from .vanished import Vanished
from .views import JobView, PodView, read_job_view, read_pod_view

log = logging.getLogger(__name__)

SOON = 1.0
"""Seconds within which what can wait is looked at: much of it comes together."""


class KubernetesExecutor:
    """Starts, observes and removes the Jobs of RenderJobs.

    What there is comes from two informers, of Jobs and of pods, so that a look costs no request. An attempt's
    Job has a name that nothing else can have, so creating it twice is harmless.
    """

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
        self._api = api
        self._jobs = jobs
        self._pods = pods
        self._limiter = limiter
        self._image = image
        # Not `or`: one that follows nothing yet is empty.
        self._logs: LiveLogs = NoLogs() if logs is None else logs
        self._refusals = Refusals(lambda: asyncio.get_running_loop().time())
        self._births = Births()
        self._unborn: Unborn[JobView] = Unborn(
            api, self._notify, coming=lambda view: self._births.coming(view.created), clock=clock
        )
        self._unmounted: Unborn[PodView] = Unborn(api, self._notify, NO_START, clock=clock)
        self._vanished = Vanished()
        self._generations: dict[str, int] = {}
        self._namespaces: dict[str, str] = {}
        """Of RenderJobs, by their uid: what is elsewhere is none of theirs."""
        self._removed: set[str] = set()
        """Uids of Jobs that we asked to delete and whose end we have not seen yet."""
        self._soon: dict[str, asyncio.TimerHandle] = {}
        """Looks at RenderJobs of which there is news that can wait."""
        self._listeners: list[Listener] = []
        jobs.subscribe(self._job_changed)
        pods.subscribe(self._pod_changed)
        self._logs.subscribe(self._notify_soon)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` whenever an attempt changed."""
        self._listeners.append(listener)

    def _notify(self, uid: str) -> None:
        for listener in self._listeners:
            listener(uid)

    def _notify_soon(self, uid: str) -> None:
        if uid not in self._soon:
            self._soon[uid] = asyncio.get_running_loop().call_later(SOON, self._due, uid)

    def _due(self, uid: str) -> None:
        self._soon.pop(uid, None)
        self._notify(uid)

    def _looked(self, uid: str) -> None:
        """Whatever news there was, a look takes it in."""
        timer = self._soon.pop(uid, None)
        if timer is not None:
            timer.cancel()

    def _job_changed(self, event: Event, old: JobView | None, new: JobView | None) -> None:
        view = new or old
        if view is None:
            return
        ours = view.uid in self._removed
        if event == "DELETED":
            self._removed.discard(view.uid)
        if event == "DELETED" or view.finished:
            self._refusals.ask_again(view.owner)
        if (event == "DELETED" or view.finished) and not ours:
            self._notify(view.owner)
        else:
            self._notify_soon(view.owner)

    def _pod_changed(self, event: Event, old: PodView | None, new: PodView | None) -> None:
        if old is not None and new is not None and replace(old, version=new.version) == new:
            return
        view = new or old
        if view is None or not self._believed(view):
            return
        if event == "DELETED":
            self._vanished.went(view)
        ended = old is not None and not old.terminal and (new is None or new.terminal)
        if event == "DELETED" and not ended:
            return
        jobs = self._with_id(view.owner, view.attempt_id) if ended or event == "ADDED" else []
        if ended and not jobs:
            # Another attempt may have waited for it. Else how an attempt ends is told by its Job, after its pod.
            self._notify(view.owner)
            return
        if event == "ADDED":
            for job in jobs:
                self._births.born(job.created)
        self._notify_soon(view.owner)

    def _believed(self, pod: PodView) -> bool:
        jobs = self._with_id(pod.owner, pod.attempt_id)
        return bool(our_pods(pod.owner, self._namespaces.get(pod.owner, ""), jobs, (pod,)))

    def _our_jobs(self, uid: str) -> list[JobView]:
        return our_jobs(uid, self._namespaces.get(uid, ""), self._jobs.indexed(uid))

    # -- observing --------------------------------------------------------------------------------------------

    async def observe(self, job: RenderJob) -> Observed:
        """The attempts of a job, from what the informers hold."""
        if not (self._jobs.synced.is_set() and self._pods.synced.is_set()):
            raise ExecutorError("the cluster's Jobs and pods are still being listed")
        uid = job.metadata.uid
        self._looked(uid)
        self._namespaces[uid] = job.metadata.namespace
        if self._generations.get(uid) != job.metadata.generation:
            self._generations[uid] = job.metadata.generation
            self._refusals.edited(uid)
        in_flight = {entry.id: entry for entry in map(parse, job.status.in_flight)}
        views = [view for view in self._our_jobs(uid) if view.uid not in self._removed]
        ours = our_pods(uid, job.metadata.namespace, self._our_jobs(uid), self._pods.indexed(uid))
        pods = _by_attempt(ours)
        # Of the same moment as the pods: some may go while others are asked for.
        vanished = {
            id_: self._vanished.of(uid, attempt, pods.get(id_, ())) for id_, attempt in in_flight.items()
        }
        attempts = [
            await self._attempt(
                job,
                in_flight.get(view.attempt_id),
                view,
                pods.pop(view.attempt_id, ()),
                vanished.get(view.attempt_id, 0),
            )
            for view in views
        ]
        attempts, refused = await self._without_pods(uid, in_flight, views, ours, attempts)
        attempts = await self._without_containers(uid, ours, attempts)
        for left in pods.values():
            running = [pod for pod in left if not pod.terminal]
            if running:
                attempts.append(observe_orphan(running[0]))
        self._logs.keep(uid, {a.id for a in attempts if not a.finished or a.id in in_flight})
        self._vanished.keep(uid, in_flight)
        return Observed(
            uid=uid,
            generation=job.metadata.generation,
            attempts=tuple(attempts),
            refused=self._refusals.of(uid) or refused,
            helper_image=self._image,
        )

    async def _without_pods(
        self,
        uid: str,
        in_flight: Collection[int],
        views: Sequence[JobView],
        ours: Sequence[PodView],
        attempts: list[AttemptObservation],
    ) -> tuple[list[AttemptObservation], Refusal | None]:
        """The attempts, with the reason for those that have no pod; and a refusal where none has one."""
        with_pods = {pod.attempt_id for pod in ours}
        begun = [v for v in views if v.attempt_id in in_flight and not (v.finished or v.deleting)]
        unborn = [v for v in begun if v.attempt_id not in with_pods and not v.suspended]
        words = await self._unborn.why(uid, unborn)
        if not words:
            return attempts, None
        refused = refusal_in(words)
        held_up = blocked_by(words)
        held = {view.attempt_id for view in unborn}
        # What a quota holds up goes on when others end: that may take any time.
        passes = refused is not None and refused.reason == QUOTA
        told = [
            replace(a, waiting=held_up, waiting_since=None if passes else a.waiting_since)
            if a.id in held
            else a
            for a in attempts
        ]
        return told, refused if len(unborn) == len(begun) else None

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
        words = await self._unmounted.why(uid, pods)
        if not words:
            return attempts
        # It was asked about one; others most likely wait for the same, on its node more so than elsewhere.
        nodes = {pod.node for pod in pods if pod.uid == self._unmounted.about(uid)}
        held = {pod.attempt_id: pod.node not in nodes for pod in pods}
        held_up = blocked_by(words)
        return [replace(a, waiting=held_up, hearsay=held[a.id]) if a.id in held else a for a in attempts]

    async def _attempt(
        self,
        job: RenderJob,
        attempt: InFlight | None,
        view: JobView,
        pods: Sequence[PodView],
        vanished: int,
    ) -> AttemptObservation:
        overtook = attempt is not None and view.finished and not any(pod.terminal for pod in pods)
        if overtook and _pod_tells(job, attempt, view):
            # The Job's end overtook its pod's: how it ended is asked for, once.
            pods = await self._fetch_pods(view) or pods
        # What the log of a pod that is gone had told by then holds, too.
        live = self._logs.of(job, attempt, () if view.finished else pods)
        return observe_attempt(job, attempt, view, pods, live, vanished)

    async def _fetch_pods(self, view: JobView) -> list[PodView]:
        path = f"/api/v1/namespaces/{view.namespace}/pods"
        try:
            found = await self._api.get(path, labelSelector=f"batch.kubernetes.io/job-name={view.name}")
        except KubeError as error:
            raise ExecutorError(f"the pods of Job {view.name} can't be read: {error}") from error
        pods = [read_pod_view(item) for item in found.get("items", ())]
        return our_pods(view.owner, view.namespace, (view,), [pod for pod in pods if pod is not None])

    # -- acting -----------------------------------------------------------------------------------------------

    async def perform(self, job: RenderJob, actions: Sequence[Action]) -> None:
        """Create, stop or delete attempts' Jobs."""
        self._namespaces[job.metadata.uid] = job.metadata.namespace
        await perform_each(partial(self._act, job), actions)

    async def _act(self, job: RenderJob, action: Action) -> None:
        match action:
            case Start(attempt):
                await self._start(job, attempt)
            case Stop(id=id_, reason=reason):
                for view in self._with_id(job.metadata.uid, id_):
                    if view.deleting or view.uid in self._removed:
                        continue
                    if reason.free:
                        await self._delete(job, view, "Foreground")
                    else:
                        await self._end(job, view)
            case Forget(id=id_):
                for view in self._with_id(job.metadata.uid, id_):
                    await self._delete(job, view, "Background")

    def _with_id(self, uid: str, id_: int) -> list[JobView]:
        views = [view for view in self._jobs.indexed(uid) if view.attempt_id == id_]
        return our_jobs(uid, self._namespaces.get(uid, ""), views)

    async def _start(self, job: RenderJob, attempt: Attempt) -> None:
        uid = job.metadata.uid
        if self._refusals.waits(uid) or self._with_id(uid, attempt.id):
            return
        try:
            manifest = job_manifest(job, attempt, self._image)
        except ValueError as error:
            self._refused(uid, Refusal(Reason.INVALID_TEMPLATE, str(error)))
            return
        except Exception as error:
            # The template is the user's and may hold anything: what no pod can be made of is told like what the
            # API server refuses.
            log.warning("no pod can be made for %s: %s: %s", job.key, type(error).__name__, error)
            self._refused(uid, await self._what_the_server_says(job, attempt) or no_pod(error))
            return
        path = f"/apis/batch/v1/namespaces/{job.metadata.namespace}/jobs"
        try:
            async with self._refusals.asking(uid), self._limiter.turn(job.key):
                if self._refusals.waits(uid):
                    return
                raw = await self._api.create(path, manifest)
        except ApiError as error:
            if error.already_exists:
                await self._adopt(job, attempt)
            elif error.permanent:
                self._refused(uid, refusal_of(error))
            else:
                raise ExecutorError(
                    f"Job {manifest['metadata']['name']} can't be created now: {error}"
                ) from error
            return
        except KubeError as error:
            raise ExecutorError(
                f"Job {manifest['metadata']['name']} can't be created now: {error}"
            ) from error
        self._noted(uid, raw)

    async def _what_the_server_says(self, job: RenderJob, attempt: Attempt) -> Refusal | None:
        """Why the API server would refuse the template as it stands, in its words; None: it would not, or is away."""
        path = f"/apis/batch/v1/namespaces/{job.metadata.namespace}/jobs"
        try:
            await self._api.create(path, plain_job(job, attempt), dryRun="All")
        except ApiError as error:
            return refusal_of(error) if error.permanent else None
        except KubeError:
            return None
        return None

    async def _adopt(self, job: RenderJob, attempt: Attempt) -> None:
        """A Job of this name is there: ours, if its owner and its attempt say so; else somebody else's."""
        name, uid = child_name(job, attempt), job.metadata.uid
        path = f"/apis/batch/v1/namespaces/{job.metadata.namespace}/jobs/{name}"
        try:
            raw = await self._api.get(path)
        except KubeError as error:
            raise ExecutorError(f"Job {name} is there and can't be read: {error}") from error
        view = read_job_view(raw)
        if (
            view is not None
            and view.attempt_id == attempt.id
            and our_jobs(uid, job.metadata.namespace, (view,))
        ):
            self._noted(uid, raw)
            return
        sentence = (
            f"a Job {name} that is not this RenderJob's is in the way: delete it, or rename the RenderJob"
        )
        self._refused(uid, Refusal(Reason.NAME_CONFLICT, sentence))

    def _noted(self, uid: str, raw: Object) -> None:
        # Read-your-writes: the next look sees it, whenever the watch tells of it.
        self._note(raw)
        if self._refusals.accepted(uid):
            self._notify(uid)

    def _refused(self, uid: str, refusal: Refusal) -> None:
        if self._refusals.waits(uid):
            return
        pause = self._refusals.refused(uid, refusal)
        loop = asyncio.get_running_loop()
        loop.call_soon(self._notify, uid)
        loop.call_later(pause, self._notify, uid)

    async def _delete(self, job: RenderJob, view: JobView, propagation: str) -> None:
        if view.uid in self._removed:
            return
        if propagation == "Background":
            # It has ended: from here on it is not seen any more. One that still runs is seen until it is gone.
            self._removed.add(view.uid)
        path = f"/apis/batch/v1/namespaces/{view.namespace}/jobs/{view.name}"
        try:
            async with self._limiter.turn(job.key):
                await self._api.delete(path, uid=view.uid, propagation=propagation)
        except ApiError as error:
            if error.not_found or error.conflict:
                # The watch may tell of it later, and then that is no news.
                self._jobs.note_deleted(view.uid)
                self._removed.discard(view.uid)
                self._job_changed("DELETED", view, None)
                return
            self._removed.discard(view.uid)
            raise ExecutorError(f"Job {view.name} can't be deleted now: {error}") from error
        except KubeError as error:
            self._removed.discard(view.uid)
            raise ExecutorError(f"Job {view.name} can't be deleted now: {error}") from error

    async def _end(self, job: RenderJob, view: JobView) -> None:
        """Have the Job controller end it and keep what it left: it took too long, or hangs."""
        path = f"/apis/batch/v1/namespaces/{view.namespace}/jobs/{view.name}"
        body = {"metadata": {"uid": view.uid}, "spec": {"activeDeadlineSeconds": 1}}
        try:
            async with self._limiter.turn(job.key):
                raw = await self._api.merge_patch(path, body)
        except ApiError as error:
            if not (error.not_found or error.conflict):
                raise ExecutorError(f"Job {view.name} can't be stopped now: {error}") from error
        except KubeError as error:
            raise ExecutorError(f"Job {view.name} can't be stopped now: {error}") from error
        else:
            self._note(raw)

    def _note(self, raw: Object) -> None:
        """Take in the answer to a write. When the watch tells of the same, that is no news."""
        view = self._jobs.note(raw)
        if view is not None and view.finished:
            self._notify(view.owner)

    async def abandon(self, uid: str) -> None:
        """A RenderJob is gone: the garbage collector removes its Jobs; we forget what we remember of it."""
        self._looked(uid)
        self._refusals.forget(uid)
        self._unborn.forget(uid)
        self._unmounted.forget(uid)
        self._generations.pop(uid, None)
        self._namespaces.pop(uid, None)
        self._logs.keep(uid, ())
        self._vanished.keep(uid, ())


def _pod_tells(job: RenderJob, attempt: InFlight | None, view: JobView) -> bool:
    """Whether the pod of a Job that has ended knows what is decided by and the Job does not tell."""
    renders = attempt is not None and attempt.kind is Kind.RENDER
    return not (view.complete and renders and job.spec.timeouts.minimum is None)


def _by_attempt(pods: Sequence[PodView]) -> dict[int, Sequence[PodView]]:
    found: defaultdict[int, list[PodView]] = defaultdict(list)
    for pod in pods:
        found[pod.attempt_id].append(pod)
    return dict(found)


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
