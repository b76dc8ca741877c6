"""Kubernetes quantities of memory (`8Gi`, `500M`, `1073741824`) and counts that may be a percentage (`1%`)."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

MEMORY_PATTERN = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$"
# All that Kubernetes reads as a quantity, but for fractions smaller than a thousandth.
_MEMORY = re.compile(
    r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)|[eE]([+-]?[0-9]{1,2}))?"
)
_FACTORS: dict[str, float] = {
    "m": 0.001,
    **{u: 1000**i for i, u in enumerate("kMGTPE", 1)},
    **{f"{u}i": 1024**i for i, u in enumerate("KMGTPE", 1)},
}
MOST_MEMORY = 2.0**63
"""Bytes: Kubernetes holds no more in a quantity."""
_ENDLESS = re.compile(r"\s*[+-]?[0-9.]*[eE][+-]?[0-9]{3,}\s*")
_WITH_QUANTITIES = ("resources", "sizeLimit", "divisor")
_ACCEPTED = "an amount of memory such as 512Mi, 8Gi or 2G"
PERCENT_PATTERN = r"^([0-9]|[1-9][0-9]|100)%$"


def memory_bytes(text: str) -> int:
    """Bytes of a memory quantity, rounded up.

    Raises:
        ValueError: not a quantity, or more than there can be, with what is accepted.
    """
    match = _MEMORY.fullmatch(text)
    if not match:
        raise ValueError(f"must be {_ACCEPTED}")
    factor = _FACTORS[match[2]] if match[2] else 10.0 ** int(match[3] or 0)
    count = float(match[1]) * factor
    if not count < MOST_MEMORY:
        raise ValueError(f"must be {_ACCEPTED}, and less than 8Ei")
    return math.ceil(count)


def endless_quantity(value: object) -> str:
    """A quantity in a pod template that only an exponent of three digits or more can name, "" where there is none.

    No machine has as much, and an API server that reads one of a million digits answers nobody meanwhile.
    `value` is nested no deeper than a template may be.
    """
    inside = list(value.items()) if isinstance(value, dict) else []
    found = (_endless(below) for name, below in inside if name in _WITH_QUANTITIES)
    below = value if isinstance(value, list) else [each for _, each in inside]
    return next((text for text in (*found, *map(endless_quantity, below)) if text), "")


def _endless(value: object) -> str:
    if isinstance(value, (dict, list)):
        below = value.values() if isinstance(value, dict) else value
        return next((text for text in map(_endless, below) if text), "")
    if isinstance(value, float):
        return "" if math.isfinite(value) else str(value)
    return value if isinstance(value, str) and _ENDLESS.fullmatch(value) else ""


def format_memory(count: int) -> str:
    """A number of bytes as a quantity: in whole Mi, rounded up, or in Gi when that is exact."""
    mebi = math.ceil(count / 1024**2)
    return f"{mebi // 1024}Gi" if mebi % 1024 == 0 else f"{mebi}Mi"


def _checked_memory(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError(f"must be {_ACCEPTED}")  # noqa: TRY004
    memory_bytes(text)
    return text


def _checked_share(value: int | str) -> int | str:
    if isinstance(value, str) and not re.fullmatch(PERCENT_PATTERN, value):
        raise ValueError("must be a number of frames such as 5, or a percentage from 0% to 100%")
    if isinstance(value, int) and value < 0:
        raise ValueError("must be 0 or more, or a percentage from 0% to 100%")
    return value


def share_of(value: int | str, total: int) -> int:
    """How many of `total` a count or a percentage means; a percentage is rounded down."""
    return value if isinstance(value, int) else total * int(value[:-1]) // 100


Memory = Annotated[
    str,
    BeforeValidator(_checked_memory),
    WithJsonSchema(
        {"x-kubernetes-int-or-string": True, "minimum": 0, "pattern": MEMORY_PATTERN, "maxLength": 32}
    ),
]
"""An amount of memory, kept as it was written."""

CountOrPercent = Annotated[
    int | str,
    AfterValidator(_checked_share),
    WithJsonSchema(
        {"x-kubernetes-int-or-string": True, "minimum": 0, "pattern": PERCENT_PATTERN, "maxLength": 5}
    ),
]
"""A count, or a percentage as `1%`."""
