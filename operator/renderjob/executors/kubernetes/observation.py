"""From what the cluster says of an attempt's Job and pods to what the decision core is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from renderjob.api import RenderJob, WaitReason
from renderjob.api.quantity import memory_bytes
from renderjob.core import AttemptObservation, Kind, Phase
from renderjob.core.blocked import Blocked
from renderjob.core.ending import concluded, rendered, why_it_runs_on
from renderjob.core.evidence import Evidence, JobEnd
from renderjob.core.inflight import InFlight
from renderjob.core.observed import Written
from renderjob.executors.reading import reader_for
from renderjob.frames import EMPTY, FrameSet
from renderjob.media import parse_merge_answer
from renderjob.outputs import parse_answer, parse_written

from .logs import LiveLog
from .manifests import container_name, template_digest
from .views import JobView, PodView

GRAIN = 1.0
"""Kubernetes' times are whole seconds."""

SUSPENDED: Final = Blocked(
    WaitReason.QUEUED, "Suspended: the Job is suspended; a queue such as Kueue has not admitted it yet"
)
"""A Job without a pod, since somebody suspended it."""

_TERMINATING: Final = Blocked(
    WaitReason.TERMINATING, "Terminating: its Job was deleted, and its pod still ends"
)


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
    kind = attempt.kind if attempt is not None else Kind.RENDER
    pod = ordered[-1].of(container_name(job, kind)) if ordered else None
    render = pod.render if pod else None
    evidence = _evidence(view, pod)
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
        queued=view.suspended,
        waiting=_waiting(view, pod) or _outlived_by(evidence),
        waiting_since=pod.created if pod else view.created,
        outdated=(pod is None or pod.started is None) and _outdated(job, attempt, view),
        evidence=evidence,
    )
    if view.finished or (render is not None and render.ended):
        base = _told(base, job, attempt, pod, succeeded=view.complete or rendered(evidence))
    if not view.finished:
        return base
    ended = concluded(
        replace(
            base,
            started_at=base.started_at or view.started,
            finished_at=_finished(view, pod),
        )
    )
    return _unanswered(ended) if _asked_in_vain(attempt, ended) else ended


def observe_orphan(pod: PodView) -> AttemptObservation:
    """A pod whose Job is gone and that still runs: another attempt must not begin before it has ended."""
    return AttemptObservation(
        id=pod.attempt_id,
        phase=Phase.RUNNING,
        started_at=pod.started,
        node=pod.node,
        waiting=_TERMINATING,
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


def _waiting(view: JobView, pod: PodView | None) -> Blocked | None:
    if view.suspended:
        return SUSPENDED
    return pod.waiting if pod is not None else None


def _outlived_by(evidence: Evidence) -> Blocked | None:
    words = why_it_runs_on(evidence)
    return Blocked(WaitReason.SIDECAR, words) if words else None


def _evidence(view: JobView, pod: PodView | None) -> Evidence:
    """What the Job and its last pod say."""
    if view.complete:
        job = JobEnd.COMPLETE
    elif view.failed:
        job = JobEnd.DEADLINE if view.failed == "DeadlineExceeded" else JobEnd.FAILED
    else:
        job = JobEnd.NONE
    return pod.evidence(job) if pod is not None else Evidence(job=job, message=view.message)


def _finished(view: JobView, pod: PodView | None) -> datetime:
    by_pod = pod.finished if pod is not None and (pod.terminal or view.complete) else None
    return by_pod or view.completed or view.failed_at or view.created


def _told(
    base: AttemptObservation,
    job: RenderJob,
    attempt: InFlight | None,
    pod: PodView | None,
    *,
    succeeded: bool,
) -> AttemptObservation:
    """What the renderer left behind says: frames that it finished, that it failed for good, or what was looked for."""
    said = pod.render.message if pod is not None and pod.render is not None else ""
    if attempt is None:
        return base
    if attempt.kind is Kind.VERIFY and succeeded:
        try:
            found = parse_answer(said, attempt.frames)
        except ValueError as error:
            return replace(base, log=str(error))
        return replace(
            base, frames_done=found.present, missing=found.missing, lacks=found.why, disk=found.disk
        )
    if attempt.kind in (Kind.MERGE, Kind.CHECK):
        answer = parse_merge_answer(said, attempt.frames)
        return (
            base
            if answer is None
            else replace(base, bad=answer.bad, refused=answer.refused, answer=answer.message)
        )
    if attempt.kind is Kind.LOOK and succeeded:
        try:
            answers = parse_written(said, set(attempt.beside))
        except ValueError as error:
            return replace(base, log=str(error))
        written = (Written(each.id, datetime.fromtimestamp(each.at, UTC), each.frames) for each in answers)
        return replace(base, written=tuple(written))
    if attempt.kind is not Kind.RENDER or succeeded or not said:
        return base
    output = job.spec.output.path if job.spec.output else ""
    reader = reader_for(job.spec, attempt.kind, attempt.frames, output)
    reader.feed(said.encode())
    reader.close()
    done = EMPTY if reader.movie else FrameSet(reader.frames_done)
    return replace(
        base,
        frames_done=base.frames_done | done,
        failed=base.failed or reader.fail or "",
        unsaved=base.unsaved or reader.unsaved or "",
    )


def _asked_in_vain(attempt: InFlight | None, seen: AttemptObservation) -> bool:
    """Whether a verification ended well without an answer."""
    verifies = attempt is not None and attempt.kind is Kind.VERIFY
    return verifies and seen.phase is Phase.SUCCEEDED and seen.missing is None


def _unanswered(seen: AttemptObservation) -> AttemptObservation:
    return replace(seen, phase=Phase.FAILED)
