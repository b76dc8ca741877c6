"""Job and Pod as narrow views: what decisions need of them, decoded once, the rest dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from renderjob.core.blocked import Blocked, blocked
from renderjob.core.evidence import ContainerEvidence, Evidence, JobEnd, Role
from renderjob.core.words import ContainerWord, PodWord, container_word, pod_word

from .names import ANNOTATION_CONTAINER, ANNOTATION_TEMPLATE, LABEL_ID, LABEL_KIND, LABEL_UID

_NEVER = datetime.min.replace(tzinfo=UTC)

_TERMINAL_PHASES = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class JobView:
    """A batch/v1 Job that is a child of a RenderJob."""

    uid: str
    namespace: str
    name: str
    version: str
    owner: str
    """The uid of its controller; empty without one."""
    attempt_id: int
    kind: str
    created: datetime
    started: datetime | None
    completed: datetime | None
    complete: bool
    failed: str
    """The reason of its condition Failed; empty while it has none."""
    failed_at: datetime | None
    message: str
    """Of the condition Failed."""
    suspended: bool
    deleting: bool
    replaces: bool
    """It starts another pod by itself for one that was disrupted."""
    template: str = ""
    """The digest of the template that it was made from; empty when it does not say."""

    @property
    def finished(self) -> bool:
        """It has ended, one way or another, and all its pods with it."""
        return self.complete or bool(self.failed)


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod of such a Job; what is said of its container is said of the one that renders."""

    uid: str
    namespace: str
    name: str
    version: str
    owner: str
    """The uid of the RenderJob, by label."""
    attempt_id: int
    created: datetime
    phase: str
    node: str
    started: datetime | None
    finished: datetime | None
    waiting: Blocked | None
    """Why the container does not run yet; None when it does, or did, or all goes its usual way."""
    disrupted: bool
    """It was evicted, preempted, or lost with its node."""
    deleting: bool
    equipped: bool = False
    """Its volumes and its network are there: what it waits for now is images, or its init containers."""
    deleted_at: datetime | None = None
    """When somebody asked for its deletion; its containers had their grace period from then on."""
    ends_by: datetime | None = None
    """When that is over."""
    job: str = ""
    """The uid of the Job that owns it; empty without one."""
    job_name: str = ""
    """The name of that Job."""
    word: PodWord = PodWord.NONE
    """Why it failed as a whole."""
    reason: str = ""
    message: str = ""
    """The same in the kubelet's own words."""
    disruption: str = ""
    """The reason of its condition DisruptionTarget."""
    disruption_message: str = ""
    disrupted_at: datetime | None = None
    container: str = ""
    """The name of the container that renders, as far as the pod tells."""
    containers: tuple[ContainerEvidence, ...] = ()
    """All that have a status: how they are, or ended."""

    @property
    def terminal(self) -> bool:
        """Its containers have ended."""
        return self.phase in _TERMINAL_PHASES

    def of(self, name: str) -> PodView:
        """The same, where the container of this name renders: an injected one may stand before it."""
        if name == self.container or name not in {c.name for c in self.containers}:
            return self
        roles = {name: Role.RENDER, self.container: Role.SIDECAR}
        containers = tuple(replace(c, role=roles.get(c.name, c.role)) for c in self.containers)
        render = next(c for c in containers if c.name == name)
        return replace(
            self,
            container=name,
            containers=containers,
            started=render.started_at,
            finished=render.finished_at,
            waiting=self.waiting if render.started_at is None else None,
        )

    @property
    def render(self) -> ContainerEvidence | None:
        """The container that renders."""
        return next((c for c in self.containers if c.role is Role.RENDER), None)

    def evidence(self, job: JobEnd) -> Evidence:
        """What is known of it, typed, for who judges."""
        return Evidence(
            job=job,
            terminal=self.terminal,
            word=self.word,
            reason=self.reason,
            message=self.message,
            disruption=self.disruption,
            disruption_message=self.disruption_message,
            disrupted_at=self.disrupted_at,
            deleted_at=self.deleted_at,
            ends_by=self.ends_by,
            node=self.node,
            containers=self.containers,
        )


def read_job_view(raw: Mapping[str, Any]) -> JobView | None:
    """The view of a Job; None when it is no child of a RenderJob."""
    meta, status = raw["metadata"], raw.get("status", {})
    labels = meta.get("labels") or {}
    id_ = labels.get(LABEL_ID, "")
    if not id_.isdigit():
        return None
    spec = raw.get("spec", {})
    policy = spec.get("podFailurePolicy") or {}
    true = {c["type"]: c for c in status.get("conditions") or () if c.get("status") == "True"}
    failed = true.get("Failed")
    return JobView(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        version=meta["resourceVersion"],
        owner=_controller(meta).get("uid", ""),
        attempt_id=int(id_),
        kind=labels.get(LABEL_KIND, ""),
        created=_time(meta["creationTimestamp"]) or _NEVER,
        started=_time(status.get("startTime")),
        completed=_time(status.get("completionTime")),
        complete="Complete" in true,
        failed=(failed.get("reason") or "Failed") if failed else "",
        failed_at=_time(failed.get("lastTransitionTime")) if failed else None,
        message=(failed.get("message") or "") if failed else "",
        suspended=bool(spec.get("suspend")),
        deleting="deletionTimestamp" in meta,
        replaces=any(rule.get("action") == "Ignore" for rule in policy.get("rules") or ()),
        template=(meta.get("annotations") or {}).get(ANNOTATION_TEMPLATE, ""),
    )


def read_pod_view(raw: Mapping[str, Any]) -> PodView | None:
    """The view of a pod; None when it belongs to no RenderJob."""
    meta, status = raw["metadata"], raw.get("status", {})
    labels = meta.get("labels") or {}
    id_, owner = labels.get(LABEL_ID, ""), labels.get(LABEL_UID, "")
    if not id_.isdigit() or not owner:
        return None
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    owned = _controller(meta)
    of_job = owned if owned.get("kind") == "Job" else {}
    name = container_name(raw)
    containers = tuple(_containers(raw, name))
    render = next((c for c in containers if c.role is Role.RENDER), None)
    begun = render is not None and (render.running or render.ended)
    disruption = conditions.get("DisruptionTarget", {})
    disrupted = disruption.get("status") == "True"
    return PodView(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        version=meta["resourceVersion"],
        owner=owner,
        attempt_id=int(id_),
        created=_time(meta["creationTimestamp"]) or _NEVER,
        phase=status.get("phase", "Pending"),
        node=raw.get("spec", {}).get("nodeName", ""),
        started=render.started_at if render else None,
        finished=render.finished_at if render else None,
        waiting=None if begun else _waiting(raw, _state(raw, name), conditions),
        disrupted=disrupted,
        deleting="deletionTimestamp" in meta,
        equipped=conditions.get("PodReadyToStartContainers", {}).get("status") == "True",
        deleted_at=_deleted_at(meta),
        ends_by=_time(meta.get("deletionTimestamp")),
        job=of_job.get("uid", ""),
        job_name=of_job.get("name", ""),
        word=pod_word(status.get("reason") or ""),
        reason=status.get("reason") or "",
        message=status.get("message") or "",
        disruption=(disruption.get("reason") or "DisruptionTarget") if disrupted else "",
        disruption_message=(disruption.get("message") or "") if disrupted else "",
        disrupted_at=_time(disruption.get("lastTransitionTime")) if disrupted else None,
        container=name,
        containers=containers,
    )


def held_up_by(raw: Mapping[str, Any]) -> str:
    """Why a pod does not run yet, in the words of who holds it up; empty while all goes its usual way."""
    conditions = {c["type"]: c for c in raw.get("status", {}).get("conditions") or ()}
    waiting = _waiting(raw, _state(raw, container_name(raw)), conditions)
    return waiting.message if waiting is not None else ""


def container_name(raw: Mapping[str, Any]) -> str:
    """The name of the container that renders: as its Job was made, else the one named `render`, else the first."""
    names = [c["name"] for c in raw.get("spec", {}).get("containers") or ()]
    told = (raw["metadata"].get("annotations") or {}).get(ANNOTATION_CONTAINER, "")
    for name in (told, "render"):
        if name in names:
            return str(name)
    return str(names[0]) if names else ""


def _controller(meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """The owner that made an object; empty without one."""
    return next((owner for owner in meta.get("ownerReferences") or () if owner.get("controller")), {})


def _deleted_at(meta: Mapping[str, Any]) -> datetime | None:
    """The API server names the end of the grace period."""
    ends = _time(meta.get("deletionTimestamp"))
    return ends - timedelta(seconds=meta.get("deletionGracePeriodSeconds") or 0) if ends else None


def _state(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    statuses = raw.get("status", {}).get("containerStatuses") or ()
    return next((s.get("state") or {} for s in statuses if s.get("name") == name), {})


def _containers(raw: Mapping[str, Any], render: str) -> Iterator[ContainerEvidence]:
    spec, status = raw.get("spec", {}), raw.get("status", {})
    native = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    for one in status.get("initContainerStatuses") or ():
        yield _container(one, Role.NATIVE_SIDECAR if one.get("name") in native else Role.INIT)
    for one in status.get("containerStatuses") or ():
        yield _container(one, Role.RENDER if one.get("name") == render else Role.SIDECAR)


def _container(status: Mapping[str, Any], role: Role) -> ContainerEvidence:
    state = status.get("state") or {}
    ended, running, waiting = (state.get(each) or {} for each in ("terminated", "running", "waiting"))
    last = (status.get("lastState") or {}).get("terminated") or {}
    reason, message = ended.get("reason") or "", ended.get("message") or ""
    word = container_word(reason, message) if ended else ContainerWord.NONE
    # One that its kubelet restarts (restartPolicy of a container) has begun, and waits between two runs.
    started = ended.get("startedAt") or running.get("startedAt") or last.get("startedAt")
    return ContainerEvidence(
        name=status.get("name", ""),
        role=role,
        word=word,
        reason=reason,
        exit_code=ended.get("exitCode"),
        message=message,
        started_at=None if word in (ContainerWord.CANNOT_START, ContainerWord.NO_PROGRAM) else _time(started),
        finished_at=_time(ended.get("finishedAt")),
        running="running" in state,
        waiting=waiting.get("reason") or "",
        restarts=status.get("restartCount") or 0,
        last_word=container_word(last.get("reason") or "", "") if last else ContainerWord.NONE,
    )


def _waiting(
    raw: Mapping[str, Any], state: Mapping[str, Any], conditions: Mapping[str, Any]
) -> Blocked | None:
    """What the kubelet or the scheduler says; None while all goes its usual way."""
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return blocked(scheduled.get("reason") or "Waiting", scheduled.get("message") or "")
    statuses = raw.get("status", {}).get("initContainerStatuses") or ()
    held = [state.get("waiting"), *((s.get("state") or {}).get("waiting") for s in statuses)]
    for waiting in held:
        if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return blocked(waiting["reason"], waiting.get("message") or "")
    return None


def _time(text: str | None) -> datetime | None:
    # What a runtime does not know (a start that failed, a container that went with its node) it dates 1970.
    return datetime.fromisoformat(text) if text and not text.startswith("1970-") else None
