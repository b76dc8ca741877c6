"""What holds up an attempt that does not start: typed where it is read, with the words of who holds it up for people.

The kubelet has a word for each reason. The scheduler has one, Unschedulable, and with it a sentence that is put
together of its plugins' constants; these are searched for here, once. Nothing else is decided by a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from renderjob.api import WaitReason


class Hold(StrEnum):
    """What has to change before an attempt that waits can start."""

    PASSES = "Passes"
    """It passes by itself: a queue, a full cluster, a pod that is being deleted."""
    NODE = "Node"
    """The node does not get it started; another may."""
    MANIFEST = "Manifest"
    """Something that the pod names is missing, or no node fits."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an attempt waits."""

    reason: WaitReason
    message: str
    """For a person, in the words of who holds it up: `ImagePullBackOff: Back-off pulling image …`."""

    def __str__(self) -> str:
        return self.message

    @property
    def hold(self) -> Hold:
        """What has to change."""
        match self.reason:
            case (
                WaitReason.QUEUED
                | WaitReason.GATED
                | WaitReason.NO_ROOM
                | WaitReason.SCHEDULER_ERROR
                | WaitReason.TERMINATING
                | WaitReason.SIDECAR
            ):
                return Hold.PASSES
            case (
                WaitReason.IMAGE
                | WaitReason.CONTAINER
                | WaitReason.CRASH_LOOP
                | WaitReason.VOLUME
                | WaitReason.SANDBOX
            ):
                return Hold.NODE
            case (
                WaitReason.NO_NODE
                | WaitReason.NODE_AFFINITY
                | WaitReason.NO_POD
                | WaitReason.IMAGE_NAME
                | WaitReason.OTHER
            ):
                return Hold.MANIFEST
        assert_never(self.reason)

    @property
    def needs_action(self) -> bool:
        """Whether an administrator, or an edit, has to change something."""
        return self.hold is not Hold.PASSES


_REASONS: Final[Mapping[str, WaitReason]] = {
    "SchedulingGated": WaitReason.GATED,
    "SchedulerError": WaitReason.SCHEDULER_ERROR,
    "FailedCreate": WaitReason.NO_POD,
    "InvalidImageName": WaitReason.IMAGE_NAME,
    "CrashLoopBackOff": WaitReason.CRASH_LOOP,
    **dict.fromkeys(
        (
            *("ErrImagePull", "ImagePullBackOff", "ImageInspectError", "ErrImageNeverPull"),
            *("RegistryUnavailable", "SignatureValidationFailed"),
        ),
        WaitReason.IMAGE,
    ),
    **dict.fromkeys(
        (
            *("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"),
            *("ContainerCannotRun", "PreCreateHookError", "PreStartHookError", "PostStartHookError"),
            *("ResizePodInPlaceError", "FailedCreatePodContainer", "FailedPrepareDynamicResources"),
        ),
        WaitReason.CONTAINER,
    ),
    **dict.fromkeys(("FailedMount", "FailedAttachVolume", "FailedMapVolume"), WaitReason.VOLUME),
    **dict.fromkeys(
        (
            *("FailedCreatePodSandBox", "FailedPodSandBoxStatus", "CreatePodSandboxError"),
            *("ConfigPodSandboxError", "KillPodSandboxError", "SetupNetworkError"),
            *("NetworkNotReady", "NetworkPluginNotReady"),
        ),
        WaitReason.SANDBOX,
    ),
}
"""The words of the kubelet and of controllers."""

_ROOM: Final = (
    "Insufficient ",
    "Too many pods",
    "exceed max volume count",
    "did not have enough free storage",
    "cannot allocate all claims",
    "didn't have free ports",
    "anti-affinity rules",
    "pod topology spread constraints",
    "already in-use by another pod",
    "were unschedulable",
    "had unknown conditions",
    "no nodes available to schedule pods",
    "waiting for ",
    "{node.kubernetes.io/",
    "{node.cloudprovider.kubernetes.io/",
    "{karpenter.sh/",
)
"""What other pods take up, and nodes that come, go, or get well: constants of the scheduler's plugins (`ErrReason…`),
and the taints that controllers of nodes set."""

_NEVER_ROOM: Final = "pod topology spread constraints (missing required label)"

_AFFINITY: Final = "node affinity/selector"

_PREEMPTION: Final = " preemption: "
"""What follows is about whether other pods could be evicted for it."""


def blocked(reason: str, message: str = "") -> Blocked:
    """What waits for this reason, as the kubelet, the scheduler or a controller gives it."""
    text = f"{reason}: {message}" if message else reason
    if reason == "Unschedulable":
        return Blocked(_unschedulable(message), text)
    return Blocked(_REASONS.get(reason, WaitReason.OTHER), text)


def _unschedulable(message: str) -> WaitReason:
    """Which kind of it: as long as one node is only full, room is what it waits for."""
    words = message.partition(_PREEMPTION)[0].replace(_NEVER_ROOM, "")
    if any(each in words for each in _ROOM):
        return WaitReason.NO_ROOM
    return WaitReason.NODE_AFFINITY if _AFFINITY in words else WaitReason.NO_NODE
