"""Weight: about how many bytes of memory a piece of JSON takes once it is read into models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OBJECT: Final = 700
"""Bytes of a model: its fields, and which of them were set. As JSON it may be a dozen characters."""
VALUE: Final = 60
"""Bytes of any other value, without its characters."""


def weight(value: Any) -> int:
    """About the bytes that a value takes, with all that is in it."""
    total, left = 0, [value]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            total += OBJECT
            left += each.values()
        elif isinstance(each, list):
            total += VALUE + 8 * len(each)
            left += each
        elif isinstance(each, str):
            total += VALUE + len(each)
        else:
            total += VALUE
    return total
