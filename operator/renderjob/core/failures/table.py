"""The table of verdicts: what is known of an ended attempt, and what follows. The first row that fits decides.

A row is data: what it is about, its reason in plain English, a pure question to the evidence, and what follows.
`docs/generate` writes it into docs/troubleshooting.md, and tests/unit/kubernetes/recorded holds a pod for each row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from renderjob.api import FailureClass, RuleAction
from renderjob.core.actions import StopReason
from renderjob.core.evidence import Role

from . import predicates as has
from . import sentences as says
from .verdict import Blame, Cost, Ended, Pause, Remedy, Verdict

PRECEDENCE: Final = (
    "What we did ourselves comes first: how an attempt ends that was stopped says nothing.",
    "The kubelet's word for a pod or a container outvotes the exit code: an eviction, a rejection, a start that "
    "failed, a kill for memory.",
    "An exit code other than 0, or a signal, is never outvoted by lines of the log; the only lines that count are "
    "those that the manifest names (`retries.rules`), and the renderer's own word that it failed for good.",
    "Files outvote the log: what is there and whole is rendered, whatever was printed, and what is not there is not.",
    "A container's fault is remedied on that container.",
)
"""Said once, here: the order of the rows follows from it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of end."""

    name: str
    """In one word, for tests and for people who talk about it."""
    when: str
    """What is seen, as a sentence of the docs."""
    reason: str
    """Why it is judged so."""
    fits: Callable[[Ended], bool]
    failure_class: FailureClass
    blames: Blame
    cost: Cost
    message: Callable[[Ended], str]
    pause: Pause = Pause.BACKOFF
    remedy: Remedy = Remedy.NONE
    container: Callable[[Ended], str] = lambda _: ""
    """Whom the remedy is for: a container beside the renderer; empty: the renderer."""
    tells_last: bool = False
    """The log's last line is told beside the message."""
    bare: bool = False
    """The message is but an exit code: two failed alike only when their last lines are alike, too."""

    def verdict(self, ended: Ended) -> Verdict:
        """What follows for one attempt."""
        message, last = self.message(ended), ended.last_line
        return Verdict(
            failure_class=self.failure_class,
            cost=self.cost,
            message=message,
            said=last if self.tells_last and last != message else "",
            row=self.name,
            blames=self.blames,
            pause=self.pause,
            remedy=self.remedy,
            container=self.container(ended),
            bare=self.bare,
        )


def _beside(ended: Ended) -> str:
    return ended.guilty.name if ended.guilty is not None and ended.guilty.role is not Role.RENDER else ""


def _sidecar(ended: Ended) -> str:
    sidecar = has.sidecar_out_of_memory(ended)
    return sidecar.name if sidecar is not None else ""


def _rule(
    action: RuleAction,
    what: str,
    failure_class: FailureClass,
    cost: Cost,
    pause: Pause = Pause.BACKOFF,
    remedy: Remedy = Remedy.NONE,
) -> Row:
    return Row(
        name=f"Rule{action.value}",
        when=f"the first rule of `retries.rules` that fits says `{action.value}`",
        reason=f"the user's word goes before every reading of ours: {what}",
        fits=has.ruled(action),
        failure_class=failure_class,
        blames=Blame.NOBODY if cost in (Cost.FREE, Cost.BACK_OFF) else Blame.RENDERER,
        cost=cost,
        message=says.by_rule,
        pause=pause,
        remedy=remedy,
        tells_last=True,
    )


TABLE: Final[tuple[Row, ...]] = (
    Row(
        name="Stalled",
        when="we stopped it: no sign of life for `timeouts.stall`",
        reason="how it ends after that is our doing",
        fits=has.stopped(StopReason.STALLED),
        failure_class=FailureClass.STALLED,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.stalled,
    ),
    Row(
        name="TimedOut",
        when="it was stopped after `timeouts.chunk`, by us, or by the Job's own deadline while no operator ran",
        reason="how it ends after that is our doing; a renderer that had ended well by then has succeeded",
        fits=has.timed_out,
        failure_class=FailureClass.TIMED_OUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.took_too_long,
    ),
    Row(
        name="PodDeadline",
        when="the pod ran longer than `activeDeadlineSeconds` of the template (pod reason `DeadlineExceeded`)",
        reason="it is a limit of time as timeouts.chunk is, given in the template",
        fits=has.past_own_deadline,
        failure_class=FailureClass.TIMED_OUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.of_pod,
    ),
    Row(
        name="NotHere",
        when="on this machine: the program is not there, or a directory can't be made",
        reason="every chunk would fail the same way, and there is no other machine",
        fits=has.cannot_be_had_here,
        failure_class=FailureClass.CONFIG,
        blames=Blame.MANIFEST,
        cost=Cost.FAIL_JOB,
        message=says.of_config,
    ),
    Row(
        name="Rejected",
        when="the kubelet did not admit the pod: phase Failed with a reason (`OutOfcpu`, `UnexpectedAdmissionError`, "
        "`NodeAffinity`, `NodeShutdown`, `Preempting` …) or none, and no container began",
        reason="nothing was rendered, and nothing of the job is wrong: the node had changed since it was chosen",
        fits=has.rejected,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=says.of_rejection,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
    Row(
        name="EvictedByNode",
        when="the kubelet evicted it for the node's sake (`Evicted`, with the condition DisruptionTarget)",
        reason="the node ran out of memory or disk, and had to choose somebody; the scheduler keeps away from it",
        fits=has.evicted_by_node,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=says.of_pod,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="EvictedForOwnUse",
        when="the kubelet evicted it for what it used itself: more than its limit of ephemeral storage, or than the "
        "`sizeLimit` of an emptyDir (`Evicted`, without that condition)",
        reason="on any other node it would do the same, so it is charged; the kubelet's words say which limit to raise",
        fits=has.evicted_for_own_use,
        failure_class=FailureClass.ERROR,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=says.of_pod,
        tells_last=True,
    ),
    Row(
        name="Disrupted",
        when="its pod was taken away: drained, preempted, lost with its node (the condition DisruptionTarget)",
        reason="whoever took it away says so; how its containers ended after that is not their doing",
        fits=has.taken_away,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.CLUSTER,
        cost=Cost.FREE,
        message=says.of_disruption,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="Unseen",
        when="nobody knows how its container ended: it went with its pod (`ContainerStatusUnknown`), or its node was "
        "restarted under it (`Unknown`)",
        reason="the exit code 137 that the kubelet fills in, or the 255 of containerd, is none",
        fits=has.unseen,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.CLUSTER,
        cost=Cost.FREE,
        message=says.of_unseen,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="Deleted",
        when="somebody deleted its pod before it began, or its container ended after that, but not for memory",
        reason="a renderer that is told to end may exit with any code",
        fits=has.deleted,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NOBODY,
        cost=Cost.FREE,
        message=says.of_deletion,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="NeverBegan",
        when="the Job's deadline was over before its pod began, while no operator ran",
        reason="waiting is not its doing",
        fits=has.never_began,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.CLUSTER,
        cost=Cost.FREE,
        message=says.never_began,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="Lost",
        when="nobody saw it end: its pod is gone, or the process that ran it was killed",
        reason="what nobody saw is held against nobody",
        fits=has.lost,
        failure_class=FailureClass.DISRUPTED,
        blames=Blame.NOBODY,
        cost=Cost.FREE,
        message=says.of_loss,
        pause=Pause.AT_ONCE,
    ),
    Row(
        name="NotAllowed",
        when="the node does not allow what the pod asks for (`SysctlForbidden`, `AppArmor`, `PodOSNotSupported` …)",
        reason="nodes may differ: it is the node's fault until others say the same, and then the manifest's",
        fits=has.forbidden,
        failure_class=FailureClass.NODE,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=says.of_pod,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
    Row(
        name="NoProgram",
        when="the runtime did not find the program in the image, or may not execute it (`StartError`, "
        "`ContainerCannotRun`, with the words of exec)",
        reason="every node has the same image; but a program on a volume may be missing on one, so another node is "
        "asked first, and it is the node's fault once a container of this template has run anywhere",
        fits=has.no_program,
        failure_class=FailureClass.CONFIG,
        blames=Blame.MANIFEST,
        cost=Cost.FAIL_JOB,
        message=says.of_start,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
    Row(
        name="CannotStart",
        when="a container could not be started for another reason: a driver, a mount, a device, a cgroup "
        "(`StartError`, `ContainerCannotRun`, `CreateContainerError`, `RunContainerError`)",
        reason="it is the node's fault until other nodes say the same and none has run this template: then it is the "
        "manifest's, and the job fails with `Config`",
        fits=has.cannot_start,
        failure_class=FailureClass.NODE,
        blames=Blame.NODE,
        cost=Cost.FREE,
        message=says.of_start,
        pause=Pause.GROWING,
        remedy=Remedy.ANOTHER_NODE,
    ),
    Row(
        name="NoRoom",
        when="not all frames are there, and the system itself says that nothing can be written to where they lie: the "
        "disk is full, or can only be read, or the directory allows it no more",
        reason="nobody who renders is to blame, and what is rendered next would not fit either; the rules below are "
        "about what an exit means, and this one means nothing",
        fits=has.without_room,
        failure_class=FailureClass.BACK_OFF,
        blames=Blame.NOBODY,
        cost=Cost.BACK_OFF,
        message=says.of_disk,
        pause=Pause.WHOLE_JOB,
        tells_last=True,
    ),
    _rule(RuleAction.RETRY, "a retry", FailureClass.ERROR, Cost.RETRY),
    _rule(RuleAction.FAIL_CHUNK, "no retry for this chunk", FailureClass.ERROR, Cost.FAIL_CHUNK),
    _rule(RuleAction.FAIL_JOB, "the job is lost", FailureClass.ERROR, Cost.FAIL_JOB),
    _rule(RuleAction.BACK_OFF, "the whole job waits", FailureClass.BACK_OFF, Cost.BACK_OFF, Pause.WHOLE_JOB),
    _rule(
        RuleAction.RAISE_MEMORY,
        "again with more memory",
        FailureClass.OUT_OF_MEMORY,
        Cost.RETRY,
        remedy=Remedy.MEMORY,
    ),
    _rule(RuleAction.IGNORE, "again, free", FailureClass.DISRUPTED, Cost.FREE, Pause.AT_ONCE),
    Row(
        name="OutOfMemory",
        when="the renderer was killed at its memory limit (`OOMKilled`; on a laptop by our own measuring, or the "
        "kernel's count)",
        reason="more memory helps, where `retries.memory.max` allows it: then it spends no retry",
        fits=has.out_of_memory(Role.RENDER),
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.FRAMES,
        cost=Cost.RETRY,
        message=says.of_memory,
        remedy=Remedy.MEMORY,
        tells_last=True,
    ),
    Row(
        name="SidecarOutOfMemory",
        when="a container beside the renderer was killed at its memory limit, and the renderer did not fail",
        reason="the next attempt has more memory for that container, if the template gives it a limit; the renderer "
        "keeps its own. It is charged like any other: the container may not have done its part",
        fits=has.out_of_memory(Role.SIDECAR),
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=says.of_memory,
        remedy=Remedy.MEMORY,
        container=_beside,
    ),
    Row(
        name="InitOutOfMemory",
        when="an init container was killed at its memory limit",
        reason="as that of a container beside the renderer: it gets more itself",
        fits=has.out_of_memory(Role.INIT),
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=says.of_memory,
        remedy=Remedy.MEMORY,
        container=_beside,
    ),
    Row(
        name="FailedBesideOutOfMemory",
        when="the renderer failed, and a container beside it, a sidecar of either kind, had been killed at its memory "
        "limit before that",
        reason="a renderer fails whose proxy or licence daemon is gone: the sidecar gets more memory, and is named",
        fits=has.failed_beside_out_of_memory,
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=says.beside_memory,
        remedy=Remedy.MEMORY,
        container=_sidecar,
        tells_last=True,
    ),
    Row(
        name="Renderer",
        when="the renderer itself said that it failed for good (`openjd_fail:`, or `fail` of a pattern)",
        reason="its word counts whatever its exit code: another attempt would say the same",
        fits=has.says_so,
        failure_class=FailureClass.RENDERER,
        blames=Blame.FRAMES,
        cost=Cost.FAIL_CHUNK,
        message=says.of_renderer,
    ),
    Row(
        name="InitFailed",
        when="an init container ended with an error",
        reason="the renderer never began; the message has the container's name",
        fits=has.guilty_is(Role.INIT),
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.of_container,
    ),
    Row(
        name="SidecarFailed",
        when="the renderer ended well, and a container beside it with an error",
        reason="it may not have done its part, an upload say, so it is charged; the message has its name. Where files "
        "tell, frames that are there are not rendered again",
        fits=has.guilty_is(Role.SIDECAR),
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.of_container,
    ),
    Row(
        name="Signal",
        when="the renderer was killed by a signal (exit code 128 + n)",
        reason="what it printed before is no reason for that: the signal is named, and the last line is told beside it",
        fits=has.signalled,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.by_itself,
        tells_last=True,
        bare=True,
    ),
    Row(
        name="NotSaved",
        when="it failed, and had said that it could not save a frame (no space left, not permitted)",
        reason="a disk may have room again: a retry like any other, with the renderer's own words",
        fits=has.could_not_save,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.not_saved,
    ),
    Row(
        name="ExitCode",
        when="the renderer ended with an error",
        reason="what the code means, only its log says: its last line is what is told, beside the code",
        fits=has.exited,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.by_exit,
    ),
    Row(
        name="NoExitCode",
        when="it failed without an exit code, or with one of 0 and with frames that could not be taken over",
        reason="the last line of its log is by who found what is wrong",
        fits=has.failed,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.by_itself,
    ),
    Row(
        name="TooFast",
        when="it ended well, but in less than `timeouts.minimum`",
        reason="whoever sets a minimum knows that nothing is rendered in less",
        fits=has.too_fast,
        failure_class=FailureClass.TOO_FAST,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.too_fast,
        tells_last=True,
    ),
    Row(
        name="EndedUnsaved",
        when="it ended well, but had said that it could not save a frame, and no file can tell",
        reason="some renderers exit with 0 all the same",
        fits=has.unsaved,
        failure_class=FailureClass.NO_OUTPUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.ended_unsaved,
    ),
    Row(
        name="NoOutput",
        when="it ended well, and frames of it are not there, or are too small",
        reason="files outvote what was printed, and the exit code 0, too",
        fits=has.without_files,
        failure_class=FailureClass.NO_OUTPUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=says.no_output,
        tells_last=True,
    ),
)
"""In the order in which they are asked."""


_OF_SUCCESS: Final = tuple(row for row in TABLE if has.may_be_of_success(row.fits))
"""Most attempts succeed, and of most rows that is known to be enough."""


def classify(ended: Ended) -> Verdict | None:
    """What an ended attempt means; None: it succeeded."""
    for row in TABLE if has.failed(ended) else _OF_SUCCESS:
        if row.fits(ended):
            return row.verdict(ended)
    return None
