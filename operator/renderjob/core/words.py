"""The kubelet's words for how a pod and its containers ended, as enums: read once, here, and never again as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ContainerWord(StrEnum):
    """Why a container ended, as the kubelet has it from the runtime."""

    NONE = "None"
    """It has not ended, or no reason is given."""
    COMPLETED = "Completed"
    """By itself, with exit code 0."""
    ERROR = "Error"
    """With another exit code, or by a signal."""
    OUT_OF_MEMORY = "OutOfMemory"
    """Killed by the kernel at its own limit."""
    CANNOT_START = "CannotStart"
    """The runtime could not start it: a driver, a mount, a device, a cgroup."""
    NO_PROGRAM = "NoProgram"
    """The same, and the runtime says that the program is not in the image, or can't be executed."""
    UNKNOWN = "Unknown"
    """It is gone with its pod, or its node; how it ended was not observed."""


class PodWord(StrEnum):
    """Why a pod failed as a whole, as the kubelet has it."""

    NONE = "None"
    EVICTED = "Evicted"
    """Ended by the kubelet for want of disk, memory or processes: its own limit, or the node's."""
    REJECTED = "Rejected"
    """Not admitted: the node had no room, no device, no such label, or was about to go."""
    FORBIDDEN = "Forbidden"
    """Not admitted: the node does not allow what the pod asks for."""
    DEADLINE = "Deadline"
    """Ran longer than the pod's own activeDeadlineSeconds."""
    NODE_GONE = "NodeGone"
    """Its node was shut down, or does not report."""
    OTHER = "Other"
    """A word that is not known here."""


_CONTAINER: Final[Mapping[str, ContainerWord]] = {
    "Completed": ContainerWord.COMPLETED,
    "Error": ContainerWord.ERROR,
    "OOMKilled": ContainerWord.OUT_OF_MEMORY,
    "ContainerStatusUnknown": ContainerWord.UNKNOWN,
    "Unknown": ContainerWord.UNKNOWN,  # containerd's, after its node was restarted under the container: exit code 255
    "StartError": ContainerWord.CANNOT_START,
    "ContainerCannotRun": ContainerWord.CANNOT_START,
    "RunContainerError": ContainerWord.CANNOT_START,
    "CreateContainerError": ContainerWord.CANNOT_START,
    "CreateContainerConfigError": ContainerWord.CANNOT_START,
    "PreCreateHookError": ContainerWord.CANNOT_START,
    "PreStartHookError": ContainerWord.CANNOT_START,
    "CannotCreateContainer": ContainerWord.CANNOT_START,
}

_POD: Final[Mapping[str, PodWord]] = {
    "": PodWord.NONE,
    "Evicted": PodWord.EVICTED,
    "DeadlineExceeded": PodWord.DEADLINE,
    **dict.fromkeys(("NodeLost", "Shutdown", "Terminated"), PodWord.NODE_GONE),
    **dict.fromkeys(
        (
            *("UnexpectedAdmissionError", "NodeAffinity", "NodeName", "NodePorts", "NodeShutdown"),
            *("NodeSelectorMismatching", "TopologyAffinityError", "ResourceAllocationError"),
            *("SMTAlignmentError", "InvalidNodeInfo", "UnexpectedPredicateFailureType"),
            *("PodOSSelectorNodeLabelDoesNotMatch", "TaintToleration", "NodeUnschedulable", "Preempting"),
            *("HostPortConflict", "MatchNodeSelector", "PodToleratesNodeTaints", "InsufficientDRAResources"),
        ),
        PodWord.REJECTED,
    ),
    **dict.fromkeys(
        (
            *("SysctlForbidden", "AppArmor", "PodOSNotSupported", "PodFeatureUnsupported"),
            *("InitContainerRestartPolicyForbidden", "SupplementalGroupsPolicyNotSupported"),
            *("ProcMount", "NoNewPrivs", "UserNamespacesNotSupported", "PodLevelResourcesNotSupported"),
        ),
        PodWord.FORBIDDEN,
    ),
}

_OUT_OF = "OutOf"
"""OutOfcpu, OutOfmemory, OutOfpods, OutOfexample.com/gpu: a node that had no room after all."""

_NO_PROGRAM = re.compile(
    r"""exec:\ "(?:[^"\\]|\\.)*":\ (?:
        executable\ file\ not\ found | (?:stat\ \S+:\ )?no\ such\ file | permission\ denied | is\ a\ directory
        ) | executable\ file\ `[^`]*`\ not\ found""",
    re.VERBOSE,
)
"""How runtimes write the error of exec itself (Go's os/exec; crun's own), which has no code of its own there."""

_NODE_PRESSURE = re.compile(r"^(?:Pod was rejected: )?The node (?:was low on resource|had condition):")
"""How a kubelet writes that an eviction is for the node's sake, where no condition says so."""


def container_word(reason: str, message: str) -> ContainerWord:
    """The kubelet's reason for a container's end; of one that could not be started the message says more."""
    word = _CONTAINER.get(reason, ContainerWord.ERROR if reason else ContainerWord.NONE)
    if word is ContainerWord.CANNOT_START and _NO_PROGRAM.search(message):
        return ContainerWord.NO_PROGRAM
    return word


def pod_word(reason: str) -> PodWord:
    """The kubelet's reason for a pod that failed as a whole."""
    if reason.startswith(_OUT_OF):
        return PodWord.REJECTED
    return _POD.get(reason, PodWord.OTHER)


def is_node_pressure(message: str) -> bool:
    """Whether an eviction was for the node's sake, in a cluster whose kubelets give it no condition."""
    return _NODE_PRESSURE.match(message) is not None
