"""The Jobs and pods of RenderJobs, without what only says that it is theirs: anybody sets labels.

Whoever may make pods in a namespace may give one our labels, in any namespace that the operator sees, and let it
answer for a verification or hold up a job. What is believed is in the RenderJob's own namespace, under the name that
an attempt's Job has, and is tied to it by uids that the API server gave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from renderjob.api import RenderJob
from renderjob.core.inflight import InFlight
from renderjob.kube import Informer, Object

from .names import attempt_mark
from .views import JobView, PodView


class Children:
    """What two informers have of RenderJobs' children, and what of it was asked to be deleted."""

    def __init__(self, jobs: Informer[JobView], pods: Informer[PodView]) -> None:
        """`jobs` is indexed by the owner's uid, `pods` by the RenderJob's."""
        self._jobs = jobs
        self._pods = pods
        self._namespaces: dict[str, str] = {}
        """Of RenderJobs, by their uid: what is elsewhere is none of theirs."""
        self.removed: set[str] = set()
        """Uids of Jobs that we asked to delete and whose end was not observed yet."""
        self.disrupted = DisruptedPods()

    @property
    def synced(self) -> bool:
        """Whether all of them are known."""
        return self._jobs.synced.is_set() and self._pods.synced.is_set()

    def know(self, job: RenderJob) -> None:
        """Where a RenderJob is."""
        self._namespaces[job.metadata.uid] = job.metadata.namespace

    def jobs(self, uid: str) -> list[JobView]:
        """The Jobs of a RenderJob."""
        return our_jobs(uid, self._namespaces.get(uid, ""), self._jobs.indexed(uid))

    def with_id(self, uid: str, id_: int) -> list[JobView]:
        """Of these the attempt's: one, or none."""
        views = [view for view in self._jobs.indexed(uid) if view.attempt_id == id_]
        return our_jobs(uid, self._namespaces.get(uid, ""), views)

    def pods(self, uid: str, jobs: Collection[JobView]) -> list[PodView]:
        """The pods of a RenderJob, all of whose Jobs these are."""
        return our_pods(uid, self._namespaces.get(uid, ""), jobs, self._pods.indexed(uid))

    def believed(self, pod: PodView) -> bool:
        """Whether a pod is the RenderJob's that it says it is of."""
        jobs = self.with_id(pod.owner, pod.attempt_id)
        return bool(our_pods(pod.owner, self._namespaces.get(pod.owner, ""), jobs, (pod,)))

    def note(self, raw: Object) -> JobView | None:
        """Read-your-writes: a Job as the answer to a write has it is known before the watch tells of it."""
        return self._jobs.note(raw)

    def note_deleted(self, view: JobView) -> None:
        """A Job is not there any more, whenever the watch tells of it."""
        self._jobs.note_deleted(view.uid)
        self.removed.discard(view.uid)

    def forget(self, uid: str) -> None:
        """A RenderJob is gone."""
        self._namespaces.pop(uid, None)
        self.disrupted.keep(uid, ())


def our_jobs(uid: str, namespace: str, views: Iterable[JobView]) -> list[JobView]:
    """Of Jobs with a RenderJob's labels those that are its own.

    Args:
        uid: the RenderJob's.
        namespace: where it is.
        views: Jobs that may be its own.
    """
    mark = attempt_mark(uid)
    return [
        view
        for view in views
        if view.owner == uid
        and view.namespace == namespace
        and view.name.endswith(f"{mark}{view.attempt_id}")
    ]


def our_pods(uid: str, namespace: str, jobs: Collection[JobView], pods: Iterable[PodView]) -> list[PodView]:
    """Of pods with a RenderJob's labels those of its Jobs.

    A Job may be gone while its pod still ends, and then nobody knows its uid any more: the name of an attempt's Job,
    of which there is no other, stands in for it. A pod whose owner is not there is removed by Kubernetes itself.

    Args:
        uid: the RenderJob's.
        namespace: where it is.
        jobs: all that are its own.
        pods: that may be theirs.
    """
    mark = attempt_mark(uid)
    attempts = {job.uid: job.attempt_id for job in jobs}
    there = set(attempts.values())
    return [
        pod
        for pod in pods
        if pod.namespace == namespace
        and pod.owner == uid
        and pod.job_name.endswith(f"{mark}{pod.attempt_id}")
        and (attempts[pod.job] == pod.attempt_id if pod.job in attempts else pod.attempt_id not in there)
    ]


@dataclass(slots=True)
class _Tally:
    gone: int = 0
    """Disrupted pods that went while we looked."""
    earlier: int | None = None
    """Those that went before, when another process counted them; None until it is known."""


class DisruptedPods:
    """How many pods of an attempt were disrupted and are not there any more: an evicted pod goes within a second.

    Counts for attempts in flight; of others nothing is kept.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, dict[int, _Tally]] = {}
        """By the RenderJob's uid and the attempt's id; only for attempts of which a pod was disrupted."""

    def removed(self, pod: PodView) -> None:
        """A pod was removed."""
        if pod.disrupted:
            self._tally(pod.owner, pod.attempt_id).gone += 1

    def of(self, uid: str, attempt: InFlight, pods: Sequence[PodView]) -> int:
        """How many disrupted pods of an attempt are not among `pods`, all those that are there."""
        tally = self._tallies.get(uid, {}).get(attempt.id)
        if tally is None:
            if not attempt.lost:
                return 0
            tally = self._tally(uid, attempt.id)
        if tally.earlier is None:
            seen = tally.gone + sum(pod.disrupted for pod in pods)
            tally.earlier = max(0, attempt.lost - seen)
        return tally.earlier + tally.gone

    def keep(self, uid: str, ids: Collection[int]) -> None:
        """Of a RenderJob only these attempts are in flight: forget the others."""
        tallies = self._tallies.get(uid)
        if tallies is None:
            return
        for id_ in [id_ for id_ in tallies if id_ not in ids]:
            del tallies[id_]
        if not tallies:
            del self._tallies[uid]

    def _tally(self, uid: str, id_: int) -> _Tally:
        return self._tallies.setdefault(uid, {}).setdefault(id_, _Tally())
