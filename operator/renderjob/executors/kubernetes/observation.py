"""From what the cluster says of an attempt's Job and pods to what the decision core is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from renderjob.api import RenderJob
from renderjob.api.quantity import memory_bytes
from renderjob.core import AttemptObservation, Kind, Phase
from renderjob.core.inflight import InFlight
from renderjob.executors.reading import reader_for
from renderjob.frames import EMPTY, FrameSet
from renderjob.media import parse_answer

from .live import LiveLog
from .template_digest import template_digest
from .views import JobView, PodView

GRAIN = 1.0
"""Kubernetes' times are whole seconds."""

NOT_STARTABLE: Final = frozenset({"StartError", "ContainerCannotRun"})
"""Reasons for which a container ends without having begun: its program is not there, or may not run."""

_SUSPENDED = "Suspended: the Job is suspended; a queue such as Kueue has not admitted it yet"


def observe_attempt(
    job: RenderJob,
    attempt: InFlight | None,
    view: JobView,
    pods: Sequence[PodView],
    live: LiveLog | None,
    vanished: int = 0,
) -> AttemptObservation:
    """One attempt.

    Args:
        job: whose it is.
        attempt: as the status has it; None when it is in flight no more.
        view: its Job.
        pods: of the Job, in any order.
        live: what was read of its log while it runs, where that is followed.
        vanished: how many of its pods were disrupted and are not there any more.
    """
    ordered = sorted(pods, key=lambda pod: (pod.created, pod.name))
    pod = ordered[-1] if ordered else None
    base = AttemptObservation(
        id=view.attempt_id,
        phase=Phase.RUNNING,
        grain=GRAIN,
        started_at=pod.started if pod else None,
        active_at=live.active if live else None,
        watched=live is not None and live.connected,
        fraction=live.fraction if live else 0.0,
        frames_done=live.frames_done if live else EMPTY,
        failed=live.fail if live else "",
        unsaved=live.unsaved if live else "",
        node=pod.node if pod else "",
        memory=memory_of(job, attempt),
        disruptions=vanished + sum(p.disrupted for p in ordered) if view.replaces and not view.failed else 0,
        waiting=_waiting(view, pod),
        waiting_since=pod.created if pod else view.created,
        outdated=(pod is None or pod.started is None) and _outdated(job, attempt, view),
    )
    if not view.finished:
        return base
    if view.complete:
        return _succeeded(base, attempt, view, pod)
    return _failed(base, job, attempt, view, pod)


def observe_orphan(pod: PodView) -> AttemptObservation:
    """A pod whose Job is gone and that still runs: another attempt must not begin before it has ended."""
    return AttemptObservation(
        id=pod.attempt_id,
        phase=Phase.RUNNING,
        started_at=pod.started,
        node=pod.node,
        waiting="Terminating: its Job was deleted, and its pod still ends",
    )


def memory_of(job: RenderJob, attempt: InFlight | None) -> int | None:
    """Bytes of memory that an attempt may use; None without a limit."""
    if attempt is not None and attempt.memory is not None:
        return attempt.memory
    limits = job.spec.template.container.resources.limits
    try:
        return memory_bytes(str(limits["memory"])) if "memory" in limits else None
    except ValueError:
        return None


def _outdated(job: RenderJob, attempt: InFlight | None, view: JobView) -> bool:
    if attempt is None or not view.template:
        return False
    return view.template != template_digest(job, attempt.kind)


def _waiting(view: JobView, pod: PodView | None) -> str:
    if view.suspended:
        return _SUSPENDED
    return pod.waiting if pod is not None else ""


def _succeeded(
    base: AttemptObservation, attempt: InFlight | None, view: JobView, pod: PodView | None
) -> AttemptObservation:
    fields: dict[str, Any] = {
        "phase": Phase.SUCCEEDED,
        "started_at": base.started_at or view.started,
        "finished_at": (pod.finished if pod else None) or view.completed,
        "exit_code": 0,
    }
    if attempt is not None and attempt.kind is Kind.VERIFY:
        try:
            found = parse_answer(pod.message if pod else "", attempt.frames)
        except ValueError as error:
            return replace(base, **(fields | {"phase": Phase.FAILED, "log": str(error)}))
        fields |= {"frames_done": found.present, "missing": found.missing}
    return replace(base, **fields)


def _failed(
    base: AttemptObservation, job: RenderJob, attempt: InFlight | None, view: JobView, pod: PodView | None
) -> AttemptObservation:
    ended = pod if pod is not None and pod.terminal else None
    fields: dict[str, Any] = {
        "phase": Phase.FAILED,
        "started_at": base.started_at or view.started,
        "finished_at": (ended.finished if ended else None) or view.failed_at or view.created,
    }
    if view.failed == "DeadlineExceeded":
        began = pod is not None and pod.started is not None
        fields |= {"timed_out": True} if began else {"phase": Phase.LOST, "log": "it did not start in time"}
    elif ended is None or ended.disrupted or _killed_by_deletion(ended):
        why = ended.message if ended else view.message
        fields |= {"phase": Phase.LOST, "log": why or "its pod was lost"}
    if ended is not None and ended.exit_code is not None:
        fields |= {
            "exit_code": ended.exit_code,
            "log": ended.message,
            "out_of_memory": ended.reason == "OOMKilled",
            "config": f"{ended.reason}: {ended.message}" if ended.reason in NOT_STARTABLE else "",
        }
        if attempt is not None and attempt.kind is Kind.RENDER:
            fields |= _told(base, job, attempt, ended.message)
    elif ended is not None and not fields.get("log"):
        fields["log"] = ended.message
    return replace(base, **fields)


def _killed_by_deletion(pod: PodView) -> bool:
    """Whether somebody deleted a pod while it ran: how its container ended is not its own doing."""
    if pod.deleted_at is None or pod.finished is None or pod.reason == "OOMKilled":
        return False
    return pod.finished >= pod.deleted_at


def _told(base: AttemptObservation, job: RenderJob, attempt: InFlight, log: str) -> dict[str, Any]:
    """What the end of a log says was finished, and whether the renderer itself says that it failed."""
    output = job.spec.output.path if job.spec.output else ""
    reader = reader_for(job.spec, attempt.kind, attempt.frames, output)
    reader.feed(log.encode())
    reader.close()
    done = EMPTY if reader.movie else FrameSet(reader.frames_done)
    return {
        "frames_done": base.frames_done | done,
        "failed": base.failed or reader.fail or "",
        "unsaved": base.unsaved or reader.unsaved or "",
    }
