"""How deep a value is nested, where a schema lets anything through."""

from __future__ import annotations

DEEPEST = 64
"""Levels of mappings and lists in a pod template; Kubernetes' own fields need some fifteen."""


_NESTING = (dict, list)


def deeper_than(value: object, levels: int) -> bool:
    """Whether mappings and lists are nested in each other more than so many levels."""
    # Not by recursion: what is asked for is what recursion can't do.
    layer = [value]
    for _ in range(levels + 1):
        below: list[object] = []
        for item in layer:
            inside = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            below += [inner for inner in inside if isinstance(inner, _NESTING)]
        if not below:
            return False
        layer = below
    return True
