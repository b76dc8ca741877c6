"""How deep a value is nested, where a schema lets anything through."""

from __future__ import annotations

from collections.abc import Mapping

DEEPEST = 64
"""Levels of mappings and lists in a pod template; Kubernetes' own fields need some fifteen."""


def deeper_than(value: object, levels: int) -> bool:
    """Whether mappings and lists are nested in each other more than so many levels."""
    # Not by recursion: what is asked for is what recursion can't do.
    layer = [value]
    for _ in range(levels + 1):
        below: list[object] = []
        for item in layer:
            if isinstance(item, Mapping):
                below += (inner for inner in item.values() if isinstance(inner, Mapping | list))
            elif isinstance(item, list):
                below += (inner for inner in item if isinstance(inner, Mapping | list))
        if not below:
            return False
        layer = below
    return True
