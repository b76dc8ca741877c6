"""Rows for how attempts end that were stopped, and pods that did not run, could not start, or were taken away."""

from __future__ import annotations

from typing import Final

from renderjob.api import FailureClass
from renderjob.core.actions import StopReason

from . import messages, predicates
from .row import Row
from .verdict import Blame, Cost, Pause, Remedy

POD_ROWS: Final[tuple[Row, ...]] = (
    Row(
        name="Stalled",
        when="we stopped it: no sign of life for `timeouts.stall`",
        reason="how it ends after that is our doing",
        fits=predicates.stopped(StopReason.STALLED),
        failure_class=FailureClass.STALLED,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.stalled,
    ),
    Row(
        name="TimedOut",
        when="it was stopped after `timeouts.chunk`, by us, or by the Job's own deadline while no operator ran",
        reason="how it ends after that is our doing; a renderer that had ended well by then has succeeded",
        fits=predicates.timed_out,
        failure_class=FailureClass.TIMED_OUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.took_too_long,
    ),
    Row(
        name="PodDeadline",
        when="the pod ran longer than `activeDeadlineSeconds` of the template (pod reason `DeadlineExceeded`)",
        reason="it is a limit of time as timeouts.chunk is, given in the template",
        fits=predicates.past_own_deadline,
        failure_class=FailureClass.TIMED_OUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.of_pod,
    ),
    Row(
        name="NotHere",
        when="on this machine: the program is not there, or a directory can't be made",
        reason="every chunk would fail the same way, and there is no other machine",
        fits=predicates.cannot_be_had_here,
        failure_class=FailureClass.CONFIG,
        blames=Blame.MANIFEST,
        cost=Cost.FAIL_JOB,
        message=messages.of_config,
    ),
    Row(
        name="Rejected",
        when="the kubelet did not admit the pod: phase Failed with a reason (`OutOfcpu`, `UnexpectedAdmissionError`, "
        "`NodeAffinity`, `NodeShutdown`, `Preempting` …) or none, and no container began",
        reason="nothing was rendered, and nothing of the job is wrong: the node had changed since it was chosen",
        fits=predicates.rejected,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=messages.of_rejection,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
    Row(
        name="EvictedByNode",
        when="the kubelet evicted it for the node's sake (`Evicted`, with the condition DisruptionTarget)",
        reason="the node ran out of memory or disk, and had to choose somebody; the scheduler keeps away from it",
        fits=predicates.evicted_by_node,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=messages.of_pod,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="EvictedForOwnUse",
        when="the kubelet evicted it for what it used itself: more than its limit of ephemeral storage, or than the "
        "`sizeLimit` of an emptyDir (`Evicted`, without that condition)",
        reason="on any other node it would do the same, so it is charged; the kubelet's words say which limit to raise",
        fits=predicates.evicted_for_own_use,
        failure_class=FailureClass.ERROR,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=messages.of_pod,
        adds_last_line=True,
    ),
    Row(
        name="Disrupted",
        when="its pod was taken away: drained, preempted, lost with its node (the condition DisruptionTarget)",
        reason="whoever took it away says so; how its containers ended after that is not their doing",
        fits=predicates.taken_away,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.CLUSTER,
        cost=Cost.FREE,
        message=messages.of_disruption,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="Unseen",
        when="nobody knows how its container ended: it went with its pod (`ContainerStatusUnknown`), or its node was "
        "restarted under it (`Unknown`)",
        reason="the exit code 137 that the kubelet fills in, or the 255 of containerd, is none",
        fits=predicates.unseen,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.CLUSTER,
        cost=Cost.FREE,
        message=messages.of_unseen,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="Deleted",
        when="somebody deleted its pod before it began, or its container ended after that, but not for memory",
        reason="a renderer that is told to end may exit with any code",
        fits=predicates.deleted,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NOBODY,
        cost=Cost.FREE,
        message=messages.of_deletion,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="NeverBegan",
        when="the Job's deadline was over before its pod began, while no operator ran",
        reason="waiting is not its doing",
        fits=predicates.never_began,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.CLUSTER,
        cost=Cost.FREE,
        message=messages.never_began,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="Lost",
        when="nobody saw it end: its pod is gone, or the process that ran it was killed",
        reason="what nobody saw is held against nobody",
        fits=predicates.lost,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NOBODY,
        cost=Cost.FREE,
        message=messages.of_loss,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="NotAllowed",
        when="the node does not allow what the pod asks for (`SysctlForbidden`, `AppArmor`, `PodOSNotSupported` …)",
        reason="nodes may differ: it is the node's fault until others say the same, and then the manifest's",
        fits=predicates.forbidden,
        failure_class=FailureClass.NODE,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=messages.of_pod,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
    Row(
        name="NoProgram",
        when="the runtime did not find the program in the image, or may not execute it (`StartError`, "
        "`ContainerCannotRun`, with the words of exec)",
        reason="every node has the same image; but a program on a volume may be missing on one, so another node is "
        "asked first, and it is the node's fault once a container of this template has run anywhere",
        fits=predicates.no_program,
        failure_class=FailureClass.CONFIG,
        blames=Blame.MANIFEST,
        cost=Cost.FAIL_JOB,
        message=messages.of_start,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
    Row(
        name="CannotStart",
        when="a container could not be started for another reason: a driver, a mount, a device, a cgroup "
        "(`StartError`, `ContainerCannotRun`, `CreateContainerError`, `RunContainerError`)",
        reason="it is the node's fault until other nodes say the same and none has run this template: then it is the "
        "manifest's, and the job fails with `Config`",
        fits=predicates.cannot_start,
        failure_class=FailureClass.NODE,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=messages.of_start,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
)
