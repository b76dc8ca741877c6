"""Killed for memory."""

from __future__ import annotations

from renderjob.api import FailureClass
from renderjob.api.quantity import format_memory

from .verdict import Cost, Ended, Verdict


def memory(ended: Ended) -> Verdict | None:
    """The kernel's word, or the executor's own limit."""
    if not ended.seen.out_of_memory:
        return None
    limit = f" with {format_memory(ended.seen.memory)}" if ended.seen.memory else ""
    message = f"ran out of memory{limit}"
    return Verdict(FailureClass.OUT_OF_MEMORY, Cost.RETRY, message, raise_memory=True, said=ended.last_line)
