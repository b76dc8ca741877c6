"""Job and Pod as narrow views: what decisions need of them, decoded once, the rest dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .names import ANNOTATION_TEMPLATE, LABEL_ID, LABEL_KIND, LABEL_UID

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
    """A pod of such a Job; its container is the one that renders."""

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
    exit_code: int | None
    reason: str
    """Why the container ended: Completed, Error, OOMKilled, StartError …"""
    message: str
    """What it left as its termination message, or the end of its log."""
    waiting: str
    """Why the container does not run yet; empty when it does, or did."""
    disrupted: bool
    """It was evicted, preempted, or lost with its node."""
    deleting: bool
    equipped: bool = False
    """Its volumes and its network are there: what it waits for now is images, or its init containers."""
    deleted_at: datetime | None = None
    """When somebody asked for its deletion; its containers had their grace period from then on."""
    job: str = ""
    """The uid of the Job that owns it; empty without one."""
    job_name: str = ""
    """The name of that Job."""

    @property
    def terminal(self) -> bool:
        """Its containers have ended."""
        return self.phase in _TERMINAL_PHASES


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
    container = _container(raw)
    state = container.get("state") or {}
    ended, running = state.get("terminated") or {}, state.get("running") or {}
    guilty = _guilty(raw, ended)
    owned = _controller(meta)
    of_job = owned if owned.get("kind") == "Job" else {}
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
        started=_time(ended.get("startedAt") or running.get("startedAt")),
        finished=_time(ended.get("finishedAt")),
        exit_code=guilty.get("exitCode"),
        reason=guilty.get("reason") or status.get("reason") or "",
        message=guilty.get("message") or (status.get("message") or "" if not guilty else ""),
        waiting="" if ended or running else _waiting(raw, state, conditions),
        disrupted=conditions.get("DisruptionTarget", {}).get("status") == "True",
        deleting="deletionTimestamp" in meta,
        equipped=conditions.get("PodReadyToStartContainers", {}).get("status") == "True",
        deleted_at=_deleted_at(meta),
        job=of_job.get("uid", ""),
        job_name=of_job.get("name", ""),
    )


def held_up_by(raw: Mapping[str, Any]) -> str:
    """Why a pod does not run yet, in the words of who holds it up; empty while all goes its usual way."""
    conditions = {c["type"]: c for c in raw.get("status", {}).get("conditions") or ()}
    return _waiting(raw, _container(raw).get("state") or {}, conditions)


def _controller(meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """The owner that made an object; empty without one."""
    return next((owner for owner in meta.get("ownerReferences") or () if owner.get("controller")), {})


def _deleted_at(meta: Mapping[str, Any]) -> datetime | None:
    """The API server names the end of the grace period."""
    ends = _time(meta.get("deletionTimestamp"))
    return ends - timedelta(seconds=meta.get("deletionGracePeriodSeconds") or 0) if ends else None


def _container(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The status of the container that renders: the one named `render`, else the first of the spec."""
    statuses = raw.get("status", {}).get("containerStatuses") or ()
    names = [c["name"] for c in raw.get("spec", {}).get("containers") or ()]
    wanted = "render" if "render" in names else (names[0] if names else "")
    return next((s for s in statuses if s.get("name") == wanted), {})


def _guilty(raw: Mapping[str, Any], ended: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the container ended that decides how its pod did: the one that renders, unless only another failed."""
    status = raw.get("status", {})
    if status.get("phase") != "Failed" or ended.get("exitCode"):
        return ended
    for kind, field in (("init container", "initContainerStatuses"), ("container", "containerStatuses")):
        for other in status.get(field) or ():
            end = (other.get("state") or {}).get("terminated") or {}
            if end.get("exitCode"):
                said = (end.get("message") or "").rstrip() or f"exit code {end['exitCode']}"
                return {**end, "message": f"{kind} {other.get('name')}: {_last_line(said)}"}
    return ended


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2]


def _waiting(raw: Mapping[str, Any], state: Mapping[str, Any], conditions: Mapping[str, Any]) -> str:
    """In the words of the kubelet or the scheduler; empty while all goes its usual way."""
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return _said(scheduled.get("reason"), scheduled.get("message"))
    statuses = raw.get("status", {}).get("initContainerStatuses") or ()
    held = [state.get("waiting"), *((s.get("state") or {}).get("waiting") for s in statuses)]
    for waiting in held:
        if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return _said(waiting["reason"], waiting.get("message"))
    return ""


def _said(reason: str | None, message: str | None) -> str:
    return f"{reason or 'Waiting'}: {message}" if message else (reason or "")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
