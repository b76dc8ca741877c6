"""Back to the queue: where frames go when their attempt ended without them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from renderjob.api import FailureClass
from renderjob.api.status import MAX_BESIDE, MAX_CHUNK_NODES, MAX_RETRYING
from renderjob.frames import EMPTY, FrameSet

from .inflight import InFlight
from .splitting import is_part
from .work import Waiting, Work

CROWDED = 8 * 1024
"""Characters of range strings of waiting frames from which on no new chunk starts: the status stays small."""

_KEPT_APART = MAX_RETRYING - 16


def again(
    work: Work,
    attempt: InFlight,
    frames: FrameSet,
    why: FailureClass,
    *,
    check_since: datetime | None = None,
    finished: FrameSet = EMPTY,
    not_before: datetime | None = None,
) -> None:
    """Free, and at once where no time is given: the attempt's number, and its memory, are those of the next one."""
    known = (
        attempt.number > 1 or attempt.memory is not None or attempt.memories or attempt.free or attempt.nodes
    )
    if frames and (known or check_since is not None):
        work.waiting.append(
            Waiting(
                frames,
                attempt.number - 1,
                not_before or work.now,
                why,
                attempt.memory,
                attempt.nodes,
                attempt.signature,
                check_since,
                finished,
                size=_size(work, attempt, frames),
                memories=attempt.memories,
                free=attempt.free,
            )
        )


def later(
    work: Work,
    attempt: InFlight,
    frames: FrameSet,
    not_before: datetime,
    why: FailureClass,
    *,
    memory: int | None,
    memories: tuple[tuple[str, int], ...] = (),
    counts: bool = True,
    nodes: tuple[str, ...] = (),
    signature: str = "",
    check_since: datetime | None = None,
    finished: FrameSet = EMPTY,
    final: bool = False,
) -> None:
    """After a wait; with `counts`, one attempt is spent."""
    if frames:
        spent = attempt.number if counts else attempt.number - 1
        work.waiting.append(
            Waiting(
                frames,
                spent,
                not_before,
                why,
                memory,
                nodes,
                signature,
                check_since,
                finished,
                final,
                memories=memories,
                size=_size(work, attempt, frames),
            )
        )


def _size(work: Work, attempt: InFlight, frames: FrameSet) -> int:
    """Of a part of a chunk, its frames stay a part."""
    return len(frames) if is_part(work, attempt) else 0


def bound(work: Work) -> None:
    """Keep the number of entries bounded, whatever has failed."""
    if len(work.waiting) > MAX_RETRYING:
        work.waiting = _fewer(work.waiting)


def _fewer(waiting: list[Waiting]) -> list[Waiting]:
    """Entries beyond those that are due first share one entry for each number of attempts; none is lost."""
    ordered = sorted(waiting, key=lambda entry: entry.not_before)
    kept, rest = ordered[:_KEPT_APART], ordered[_KEPT_APART:]
    shared: dict[int, Waiting] = {}
    for entry in rest:
        spent = min(entry.attempts, 15)
        other = shared.get(spent)
        if other is None:
            shared[spent] = entry
            continue
        shared[spent] = replace(
            other,
            frames=other.frames | entry.frames,
            attempts=max(other.attempts, entry.attempts),
            not_before=max(other.not_before, entry.not_before),
            memory=max(filter(None, (other.memory, entry.memory)), default=None),
            nodes=tuple(dict.fromkeys((*other.nodes, *entry.nodes)))[:MAX_CHUNK_NODES],
            signature=other.signature if other.signature == entry.signature else "",
            check_since=min(filter(None, (other.check_since, entry.check_since)), default=None),
            # Of several attempts: what one has finished says nothing of the other's files.
            finished=EMPTY,
            final=False,
            spent=other.spent and entry.spent,
            size=min(filter(None, (other.size, entry.size)), default=0),
            memories=most_of(other.memories, entry.memories),
            free=max(other.free, entry.free),
        )
    return kept + list(shared.values())


def most_of(
    one: tuple[tuple[str, int], ...], other: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, int], ...]:
    """By container the most of two."""
    first, second = dict(one), dict(other)
    names = list(dict.fromkeys((*first, *second)))[:MAX_BESIDE]
    return tuple((name, max(first.get(name, 0), second.get(name, 0))) for name in names)


def crowded(work: Work) -> bool:
    """Whether so much waits for a retry that no new chunk should start."""
    return sum(len(entry.frames.text_within(CROWDED) or " " * CROWDED) for entry in work.waiting) > CROWDED
