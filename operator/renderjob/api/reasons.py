"""Words for programs: why an attempt waits to start."""

from __future__ import annotations

from enum import StrEnum


class WaitReason(StrEnum):
    """Why an attempt has not started, or its pod not ended: what has to change before it goes on."""

    QUEUED = "Queued"
    """A queue such as Kueue has not admitted it."""
    GATED = "SchedulingGated"
    """Somebody holds its pod back by a scheduling gate."""
    NO_ROOM = "NoRoom"
    """A node fits, but is full, cordoned, or not ready."""
    NO_NODE = "NoNode"
    """No node fits what its pod asks for, or a claim of it is missing."""
    NODE_AFFINITY = "NodeAffinity"
    """No node is left that fits its pod's node affinity, in which the nodes that are avoided are excluded."""
    NO_POD = "NoPod"
    """Its Job can't make the pod."""
    SCHEDULER_ERROR = "SchedulerError"
    """The scheduler failed, and tries again."""
    IMAGE = "Image"
    """Its image can't be pulled to its node."""
    IMAGE_NAME = "InvalidImageName"
    """The name of its image is none."""
    CONTAINER = "Container"
    """Its node can't create or start a container: a secret, a mount, a device, the runtime."""
    CRASH_LOOP = "CrashLoop"
    """A container that its kubelet restarts fails again and again."""
    VOLUME = "Volume"
    """A volume can't be mounted on its node."""
    SANDBOX = "Sandbox"
    """Its node can't make the pod's sandbox or its network."""
    TERMINATING = "Terminating"
    """Its pod is being deleted."""
    SIDECAR = "SidecarRuns"
    """It has ended, and a container beside it keeps the pod."""
    OTHER = "Other"
    """Another word of the kubelet."""
