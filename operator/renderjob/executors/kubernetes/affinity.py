"""Nodes that an attempt must not, or had better not, run on, as affinity beside the user's own."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

Object = dict[str, Any]

WEIGHT = 100
"""Of what had better not be: the most that Kubernetes knows."""


def keep_away(pod_spec: Object, avoid: Sequence[str], shun: Sequence[str]) -> None:
    """Add to a pod's spec that it runs on none of these nodes; by name, since labels may say otherwise."""
    if not (avoid or shun):
        return
    affinity = copy.deepcopy(pod_spec.get("affinity") or {})
    node = affinity.setdefault("nodeAffinity", {})
    if avoid:
        required = node.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {})
        # Terms are alternatives: each of the user's own must say it, too.
        for term in required.setdefault("nodeSelectorTerms", [{}]) or []:
            term.setdefault("matchFields", []).extend(_other_than(avoid))
    if shun:
        preferred = node.setdefault("preferredDuringSchedulingIgnoredDuringExecution", [])
        preferred.append({"weight": WEIGHT, "preference": {"matchFields": _other_than(shun)}})
    pod_spec["affinity"] = affinity


def _other_than(names: Sequence[str]) -> list[Object]:
    # A field takes one value; several requirements must all hold.
    return [{"key": "metadata.name", "operator": "NotIn", "values": [name]} for name in names]
