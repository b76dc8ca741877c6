"""What the pods that are ours ask for: no more than the renderer does, so that they fit wherever it fits.

A ResourceQuota may count limits, a LimitRange may bound them, and a queue may cover the CPU alone: what the template
names of these, ours name, too, and nothing else. So whatever admits a chunk admits its verification and the merge.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from renderjob.api.quantity import memory_bytes

Object = dict[str, Any]

_MILLI: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Needs:
    """What one asks for where the template names no resources, and never exceeds where it does."""

    cpu: str
    """Set aside by the scheduler; what is free beyond it is used."""
    memory: str
    least: str = "256Mi"
    """Of memory that it may use at least, whatever the template's limit."""


VERIFY: Final = Needs("50m", "96Mi")
DECODE: Final = Needs("100m", "192Mi", least="2560Mi")
"""Of a verification that decodes pictures: what `media.decoding` takes at most, and some."""
MERGE: Final = Needs("100m", "192Mi")
PREVIEW: Final = Needs("100m", "128Mi")


def helper_resources(render: Object, needs: Needs, memory: int | None = None) -> Object:
    """Requests and limits of one of our containers.

    Args:
        render: the template's container that renders.
        needs: of ours.
        memory: bytes that it may use, when it has been found to need them.

    Raises:
        ValueError: a quantity in the template is none.
    """
    theirs = render.get("resources") or {}
    requests, limits = theirs.get("requests") or {}, theirs.get("limits") or {}
    if not requests and not limits:
        return {"requests": {"cpu": needs.cpu, "memory": needs.memory}}
    found: Object = {"requests": {}, "limits": {}}
    for name, ours, size in (("cpu", needs.cpu, _cpu), ("memory", needs.memory, memory_bytes)):
        asked = requests.get(name, limits.get(name))
        if asked is not None:
            found["requests"][name] = min(ours, str(asked), key=size)
        if name in limits:
            found["limits"][name] = str(limits[name])
    if "memory" in found["limits"]:
        found["limits"]["memory"] = max(found["limits"]["memory"], needs.least, key=memory_bytes)
        if memory is not None:
            found["limits"]["memory"] = str(memory)
    for kind, values in (("requests", requests), ("limits", limits)):
        if "ephemeral-storage" in values:
            found[kind]["ephemeral-storage"] = str(values["ephemeral-storage"])
    return {kind: values for kind, values in found.items() if values}


def _cpu(text: str) -> Decimal:
    """CPUs of a quantity.

    Raises:
        ValueError: it is none.
    """
    try:
        return Decimal(text[:-1]) * _MILLI if text.endswith("m") else Decimal(text)
    except ArithmeticError:
        raise ValueError(f"spec.template: {text!r} is no number of CPUs, such as 500m or 2") from None
