"""What waits is typed once, from the words of the kubelet and of the scheduler."""

from __future__ import annotations

import pytest

from renderjob.api import WaitReason
from renderjob.core.blocked import Hold, blocked

PREEMPTION = " preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."


@pytest.mark.parametrize(
    "message",
    [
        "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No "
        "preemption victims found for incoming pod.",
        "0/2 nodes are available: 2 Too many pods. preemption: 0/2 nodes are available: 2 No preemption victims "
        "found for incoming pod.",
        "0/9 nodes are available: 1 Insufficient memory, 8 node(s) didn't match Pod's node affinity/selector.",
        "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }."
        + PREEMPTION,
        "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }."
        + PREEMPTION,
        "0/1 nodes are available: 1 node(s) had taint {karpenter.sh/disrupted: }, that the pod didn't tolerate.",
        "0/3 nodes are available: 3 node(s) were unschedulable." + PREEMPTION,
        "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules." + PREEMPTION,
        "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints." + PREEMPTION,
        "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports." + PREEMPTION,
        "0/3 nodes are available: 3 node(s) exceed max volume count." + PREEMPTION,
        "0/3 nodes are available: 3 cannot allocate all claims." + PREEMPTION,
        "no nodes available to schedule pods",
        'waiting for ephemeral volume controller to create the persistentvolumeclaim "x-scratch"',
    ],
)
def test_what_others_take_up_and_nodes_that_get_well_pass_by_themselves(message):
    waits = blocked("Unschedulable", message)
    assert (waits.reason, waits.hold) == (WaitReason.NO_ROOM, Hold.PASSES)
    assert waits.message == f"Unschedulable: {message}"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector." + PREEMPTION,
            WaitReason.NODE_AFFINITY,
        ),
        (
            # What is said of preemption is about other pods.
            "0/2 nodes are available: 2 node(s) had untolerated taint {gpu: true}. preemption: 0/2 nodes are "
            "available: 1 Insufficient cpu, 1 Preemption is not helpful for scheduling.",
            WaitReason.NO_NODE,
        ),
        (
            "0/3 nodes are available: 3 node(s) had volume node affinity conflict." + PREEMPTION,
            WaitReason.NO_NODE,
        ),
        ("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.", WaitReason.NO_NODE),
        ('persistentvolumeclaim "renders" not found', WaitReason.NO_NODE),
        (
            "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints (missing required "
            "label)." + PREEMPTION,
            WaitReason.NO_NODE,
        ),
    ],
)
def test_what_no_node_has_needs_somebody(message, reason):
    waits = blocked("Unschedulable", message)
    assert (waits.reason, waits.hold) == (reason, Hold.MANIFEST)


@pytest.mark.parametrize(
    ("word", "hold"),
    [
        ("ImagePullBackOff", Hold.NODE),
        ("ErrImageNeverPull", Hold.NODE),
        ("CreateContainerConfigError", Hold.NODE),
        ("RunContainerError", Hold.NODE),
        ("PostStartHookError", Hold.NODE),
        ("CrashLoopBackOff", Hold.NODE),
        ("FailedMount", Hold.NODE),
        ("FailedCreatePodSandBox", Hold.NODE),
        ("InvalidImageName", Hold.MANIFEST),
        ("FailedCreate", Hold.MANIFEST),
        ("SchedulingGated", Hold.PASSES),
        ("SchedulerError", Hold.PASSES),
        ("SomeWordOfTomorrow", Hold.MANIFEST),
    ],
)
def test_who_has_to_act_follows_from_the_word(word, hold):
    assert blocked(word, "why").hold is hold
    assert blocked(word).message == word


@pytest.mark.parametrize("reason", WaitReason)
def test_every_reason_says_who_has_to_act(reason):
    waits = blocked("x")
    assert type(waits)(reason, "x").hold in Hold
