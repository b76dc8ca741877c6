"""Memory that worked: after chunks ran out of it, those that follow start with what was enough."""

from __future__ import annotations

from renderjob.api.quantity import format_memory, memory_bytes

from .inflight import InFlight
from .work import Work


def learn(work: Work, attempt: InFlight) -> None:
    """An attempt succeeded, maybe with more memory than the template gives."""
    if attempt.memory is not None and attempt.memory > (known(work) or 0):
        work.put(learned_memory=format_memory(attempt.memory))


def known(work: Work) -> int | None:
    """Bytes of memory that a new chunk should get; None: what the template says."""
    learned, most = work.get("learned_memory"), work.spec.retries.memory.max
    if learned is None or most is None:
        return None
    count = min(memory_bytes(learned), memory_bytes(most))
    return count if count > template_memory(work) else None


def template_memory(work: Work) -> int:
    """Bytes of the template's own limit; 0 without one."""
    limit = work.spec.template.container.resources.limits.get("memory")
    try:
        return memory_bytes(str(limit)) if limit is not None else 0
    except ValueError:
        return 0
