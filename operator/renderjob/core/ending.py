"""How the attempt of a pod ended: whose exit it was, and whether it succeeded, failed, or was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from .evidence import ContainerEvidence, Evidence, JobEnd, Role
from .observed import AttemptObservation, Phase
from .words import ContainerWord, PodWord

_USUAL: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""What a container waits for that is about to begin."""

_SKEW: Final = timedelta(minutes=1)
"""By how much the clock of a node may differ from the one of who takes its pods away."""


def concluded(seen: AttemptObservation) -> AttemptObservation:
    """An attempt that is over, as its evidence has it: with a phase, an exit code, and the end of its output."""
    evidence = seen.evidence or Evidence()
    phase, guilty = _phase(evidence), culprit(evidence)
    fields: dict[str, Any] = {"phase": phase}
    if guilty is not None and phase is not Phase.SUCCEEDED:
        fields |= {"exit_code": guilty.exit_code, "log": output_of(guilty)}
    elif phase is Phase.SUCCEEDED:
        fields["exit_code"] = 0
    if phase is Phase.LOST and guilty is None:
        fields["log"] = evidence.words or "its pod was lost"
    return replace(seen, **fields)


def culprit(evidence: Evidence) -> ContainerEvidence | None:
    """The container whose end decided how the pod did: the one that renders, unless only another failed.

    None: none has an end. Native sidecars are ended with their pod, so how they end decides nothing.
    """
    render = evidence.render
    if render is not None and (render.exit_code or render.unstartable):
        return render
    for role in (Role.INIT, Role.SIDECAR):
        failed = [c for c in evidence.containers if c.role is role and c.exit_code]
        if failed:
            # One that ran out of memory, or could not start, may be why others were ended.
            telling = (c for c in failed if c.word not in (ContainerWord.ERROR, ContainerWord.UNKNOWN))
            return next(telling, failed[0])
    return render if render is not None and render.ended else None


def output_of(container: ContainerEvidence) -> str:
    """What a container left behind; of one beside the renderer its last line, with its name."""
    if container.word is ContainerWord.UNKNOWN:
        # What stands there then is the kubelet's, and says that it knows nothing.
        return ""
    if container.role is Role.RENDER:
        return container.message
    text = container.message.rstrip() or f"exit code {container.exit_code}"
    return f"{container.title}: {text.rpartition(chr(10))[2]}"


def rendered(evidence: Evidence) -> bool:
    """Whether the container that renders has ended well."""
    return evidence.render is not None and evidence.render.exit_code == 0


def beside(evidence: Evidence) -> tuple[ContainerEvidence, ...]:
    """The containers that keep a pod running whose renderer has ended."""
    render = evidence.render
    if render is None or not render.ended:
        return ()
    return tuple(c for c in evidence.containers if c.role is Role.SIDECAR and not c.ended)


def why_it_runs_on(evidence: Evidence) -> str:
    """What a pod waits for whose renderer has ended, and what to do about it; empty for any other."""
    left = beside(evidence)
    if not left:
        return ""
    stuck = next((c for c in left if c.waiting and not c.began and c.waiting not in _USUAL), None)
    if stuck is not None:
        return (
            f"SidecarRuns: the renderer has ended, and container {stuck.name} beside it has not begun "
            f"({stuck.waiting}), so that the pod does not end: mend what it waits for in the template"
        )
    names = ", ".join(c.name for c in left)
    does = "run on" if len(left) > 1 else "runs on"
    return (
        f"SidecarRuns: the renderer has ended, and container {names} {does} beside it, so that the pod does not end: "
        "make it a native sidecar (one of initContainers, with restartPolicy: Always), which is ended with the "
        "renderer, or let it end by itself"
    )


def killed_by_deletion(evidence: Evidence) -> bool:
    """Whether the pod was deleted before it had ended: how its containers ended is not their own doing.

    A Job whose time is over deletes its pod itself: that is a deadline.
    """
    if evidence.deleted_at is None or evidence.job is JobEnd.DEADLINE:
        return False
    guilty = culprit(evidence)
    if guilty is None:
        # It waited for a node, or for an image.
        return evidence.untouched
    if guilty.word is ContainerWord.OUT_OF_MEMORY:
        return False
    return guilty.finished_at is not None and guilty.finished_at >= evidence.deleted_at


def ended_before_deadline(evidence: Evidence) -> bool:
    """Whether the renderer had ended when the Job's time was over, and only a container beside it had not."""
    render = evidence.render
    if render is None or render.finished_at is None or evidence.deleted_at is None:
        return False
    return render.finished_at < evidence.deleted_at


def disrupted(evidence: Evidence) -> bool:
    """Whether the pod was taken away: evicted, preempted, drained, or lost with its node."""
    if not evidence.disruption:
        return False
    guilty = culprit(evidence)
    if guilty is None or not guilty.exit_code or guilty.finished_at is None or evidence.disrupted_at is None:
        return True
    # A renderer that had failed before failed by itself, while a sidecar kept the pod running.
    return guilty.finished_at > evidence.disrupted_at - _SKEW


def _phase(evidence: Evidence) -> Phase:
    if evidence.job is JobEnd.COMPLETE:
        return Phase.SUCCEEDED
    if evidence.job is JobEnd.DEADLINE:
        if rendered(evidence):
            # What took too long was a container beside it.
            return Phase.SUCCEEDED
        return Phase.FAILED if _began(evidence) else Phase.LOST
    if beside(evidence):
        return Phase.SUCCEEDED if rendered(evidence) else Phase.FAILED
    if not evidence.terminal or _went(evidence):
        return Phase.LOST
    return Phase.FAILED


def _began(evidence: Evidence) -> bool:
    render = evidence.render
    return render is not None and render.began


def _went(evidence: Evidence) -> bool:
    if disrupted(evidence) or killed_by_deletion(evidence):
        return True
    guilty = culprit(evidence)
    unseen = guilty is not None and guilty.word is ContainerWord.UNKNOWN
    return unseen and evidence.word is not PodWord.EVICTED
