"""What of a status no decision could be made from, though every field has the right type.

This program writes none of it; another, or somebody with kubectl, may.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel

from renderjob.api import RenderJobStatus
from renderjob.api.quantity import memory_bytes

from . import inflight, memo

Path = tuple[str | int, ...]
Found = tuple[Path, str]

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(3000, 1, 1, tzinfo=UTC)
"""Times may be reckoned with: added to, and taken from each other."""
LARGEST: Final = 2**53
"""Of a number, as JSON holds it exactly."""
_REASON: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?\Z")
"""As Kubernetes has them."""
LONGEST: Final = 1e10
"""Seconds."""


def unreadable_in(status: RenderJobStatus) -> list[Found]:
    """Where it is, by the names on the wire, and what is wrong there."""
    found = list(_numbers(status, ()))
    for name in ("completed", "active", "unverified", "failed"):
        found += _tried(("frames", name), memo.read, getattr(status.frames, name))
    if status.fatal_reason and not _REASON.match(status.fatal_reason):
        found.append((("fatalReason",), "no word for a condition's reason"))
    for number, line in enumerate(status.in_flight):
        found += _tried(("inFlight", number), inflight.parse, line)
    for number, waiting in enumerate(status.retrying):
        place: Path = ("retrying", number)
        found += _tried(place, memo.read, waiting.frames) or _tried(place, memo.read, waiting.finished)
        for amount in waiting.beside.values():
            found += _tried(place, memory_bytes, amount)
        if waiting.memory:
            found += _tried(place, memory_bytes, waiting.memory)
    for number, unverified in enumerate(status.unverified):
        found += _tried(("unverified", number), memo.read, unverified.frames)
    for number, revision in enumerate(status.revisions):
        found += _tried(("revisions", number), memo.read, revision.frames)
    for name, amount in status.learned_beside.items():
        found += _tried(("learnedBeside", name), memory_bytes, amount)
    if status.learned_memory:
        found += _tried(("learnedMemory",), memory_bytes, status.learned_memory)
    return found


def _tried(path: Path, read: Callable[[str], object], text: str) -> list[Found]:
    try:
        read(text)
    except Exception as error:
        return [(path, str(error)[:200] or type(error).__name__)]
    return []


def _numbers(model: BaseModel, path: Path) -> Iterator[Found]:
    """Numbers and times that can't be reckoned with."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None or isinstance(value, bool | str):
            continue
        yield from _value(value, (*path, field.alias or name))


def _value(value: Any, path: Path) -> Iterator[Found]:
    if isinstance(value, BaseModel):
        yield from _numbers(value, path)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if not isinstance(item, str):
                yield from _value(item, (*path, number))
    elif isinstance(value, datetime):
        if value.tzinfo is None or not EARLIEST <= value <= LATEST:
            yield path, f"no time from {EARLIEST.year} to {LATEST.year}"
    elif isinstance(value, int):
        if not -LARGEST <= value <= LARGEST:
            yield path, "too large a number"
    elif isinstance(value, float) and not 0 <= value <= LONGEST:
        yield path, f"no number from 0 to {LONGEST:g}"
