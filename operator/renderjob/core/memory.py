"""Memory that worked: after chunks ran out of it, those that follow start with what was enough."""

from __future__ import annotations

from renderjob.api.quantity import format_memory, memory_bytes

from .inflight import InFlight
from .requeue import most_of
from .resources import limit_of, memory_of
from .work import Work


def learn(work: Work, attempt: InFlight) -> None:
    """An attempt succeeded, maybe with more memory than the template gives."""
    if attempt.memory is not None and attempt.memory > (known(work) or 0):
        work.draft.learned_memory = format_memory(attempt.memory)
    if attempt.memories:
        learned = dict(most_of(known_beside(work), attempt.memories))
        work.draft.learned_beside = {name: format_memory(count) for name, count in learned.items()}


def known(work: Work) -> int | None:
    """Bytes of memory that a new chunk should get; None: what the template says."""
    learned, most = work.draft.learned_memory, work.spec.retries.memory.max
    if learned is None or most is None:
        return None
    count = min(memory_bytes(learned), memory_bytes(most))
    return count if count > template_memory(work) else None


def known_beside(work: Work) -> tuple[tuple[str, int], ...]:
    """Bytes of memory that containers beside the renderer of a new chunk should get; of those that it has learned."""
    most = work.spec.retries.memory.max
    if most is None:
        return ()
    learned: dict[str, str] = work.draft.learned_beside
    counts = ((name, min(memory_bytes(amount), memory_bytes(most))) for name, amount in learned.items())
    return tuple(
        (name, count) for name, count in counts if (limit_of(work.spec.template, name) or count) < count
    )


def more(work: Work, attempt: InFlight, had: int | None) -> tuple[int | None, bool]:
    """Memory for the next attempt's renderer, and whether that is more: then the failure spends no retry."""
    count = _grown(work, had)
    return (count, True) if count is not None else (attempt.memory, False)


def more_beside(work: Work, attempt: InFlight, container: str) -> tuple[tuple[tuple[str, int], ...], bool]:
    """The same for a container beside the renderer: one to which the template gives a limit; no other can be raised."""
    limited = limit_of(work.spec.template, container) is not None
    count = _grown(work, memory_of(work.spec, attempt, container)) if limited else None
    if count is None:
        return attempt.memories, False
    raised = most_of(((container, count),), attempt.memories)
    return raised, True


def _grown(work: Work, had: int | None) -> int | None:
    growth = work.spec.retries.memory
    if growth.max is None or not had:
        return None
    count = min(memory_bytes(growth.max), int(had * growth.factor))
    return count if count > had else None


def template_memory(work: Work) -> int:
    """Bytes of the template's own limit; 0 without one."""
    limit = work.spec.template.container.resources.limits.get("memory")
    try:
        return memory_bytes(str(limit)) if limit is not None else 0
    except ValueError:
        return 0
