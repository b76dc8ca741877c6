"""The window: which chunks are started now, so that at most `parallelism` run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from renderjob.api import EventReason, Order
from renderjob.frames import EMPTY, FrameSet
from renderjob.planning import Chunk, cut, planned

from . import memory, requeue, splitting, starts
from .actions import Kind
from .bounds import SCATTERED, Room
from .canary import holds, wider_from, width
from .dependencies import ready
from .free import nothing_else
from .inflight import InFlight
from .preview import awaits_approval, preview_frames
from .sequential import is_sequential, startable
from .tail import shared
from .work import Waiting, Work


def fill(work: Work) -> None:
    """Start retries that are due, then new chunks, then parts of chunks that failed for good.

    Once something was rendered, parts are due as other retries are, before new chunks.
    """
    until = work.draft.backoff_until
    if until is not None and until > work.now:
        work.wakes.append(until)
        return
    if any(seen.blocked for seen in work.seen.values()):
        # What is rendered now would only lie beside it. Whoever waits to move it tells when there is room.
        return
    if (more_may := wider_from(work)) is not None:
        work.wakes.append(more_may)
    free = width(work) - len(work.renders)
    allowed = preview_frames(work.spec, work.total) if awaits_approval(work) else work.total
    if is_sequential(work):
        allowed, free = startable(work), min(free, 1)
    open_ = ready(work)
    allowed = allowed & open_
    if work.draft.backoffs:
        # After a wait for a resource one chunk tries first.
        free = min(free, 1 - len(work.renders))
    busy = work.active_frames | work.unverified_frames
    room = Room(work)
    last = splitting.nothing_rendered(work)
    started = _retries(work, free, busy, allowed, room, parts=not last)
    free -= len(started)
    free -= _fresh(work, free, busy, allowed, open_, room, started)
    if last:
        # Whether the job is broken or a frame is, whole chunks tell: parts that fail before would be given up.
        busy = work.active_frames | work.unverified_frames
        _retries(work, free, busy, allowed, room)


def _fresh(
    work: Work,
    free: int,
    busy: FrameSet,
    allowed: FrameSet,
    open_: FrameSet,
    room: Room,
    started: list[Chunk],
) -> int:
    """Start chunks that were never tried, unless something holds them up. Returns how many were started."""
    held = requeue.crowded(work) or holds(work) or nothing_else(work) or starts.holds(work)
    if free <= 0 or (_retries_to_come(work) and held):
        return 0
    busy = FrameSet.union_of(
        (busy, work.waiting_frames, work.unverified_frames, *(chunk.frames for chunk in started))
    )
    # A cell that is rendered whole may reach into frames that are busy under a layout of before an edit.
    idle = (chunk for chunk in _new(work, allowed, open_) if chunk.frames.isdisjoint(busy))
    memories = memory.known_beside(work)
    begun = 0
    for chunk in shared(work, list(islice(idle, free)), free):
        if not room.take(chunk.frames, memories=memories):
            break
        launch(work, Kind.RENDER, chunk, 1, memory.known(work), memories=memories)
        begun += 1
    return begun


def launch(
    work: Work,
    kind: Kind,
    chunk: Chunk,
    number: int,
    bytes_: int | None,
    *,
    digest: str = "",
    beside: FrameSet = EMPTY,
    nodes: tuple[str, ...] = (),
    signature: str = "",
    memories: tuple[tuple[str, int], ...] = (),
    free: int = 0,
) -> None:
    """Put an attempt in flight. Its id is never used again, so its name is nobody else's."""
    id_: int = work.draft.next_attempt
    work.in_flight[id_] = InFlight(
        id_,
        kind,
        chunk.frames,
        chunk.number,
        number,
        bytes_,
        digest,
        beside=beside,
        nodes=nodes,
        signature=signature,
        memories=memories,
        free=free,
    )
    work.draft.next_attempt = id_ + 1
    if work.draft.started_at is None:
        work.draft.started_at = work.now
        work.tell(
            EventReason.STARTED,
            f"renders {_count(len(work.total), 'frame')} in {_count(work.layout.count, 'chunk')}",
        )
    if work.draft.active_since is None:
        work.draft.active_since = work.now


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _retries(
    work: Work, free: int, busy: FrameSet, allowed: FrameSet, room: Room, *, parts: bool = True
) -> list[Chunk]:
    """Start what is due, the longest due first; what does not fit stays. Returns what was started.

    Parts come last, or with `parts` false not now, and the smallest first: a chunk with several bad frames soon
    comes to a part that is whole, instead of failing at each of its halves, and theirs, in a row.
    """
    started: list[Chunk] = []
    left: list[Waiting] = []
    for entry in sorted(work.waiting, key=lambda entry: (entry.size, entry.not_before)):
        if (entry.size and not parts) or entry.check_since is not None or not _retried(work, entry, allowed):
            left.append(entry)
            continue
        if entry.not_before > work.now:
            work.wakes.append(entry.not_before)
            left.append(entry)
            continue
        rest = entry.frames
        idle = (
            chunk
            for chunk in _of(work, entry)
            if chunk.frames.isdisjoint(busy) and not chunk.frames.isdisjoint(allowed)
        )
        for chunk in islice(idle, max(0, free - len(started))):
            if not room.take(chunk.frames, nodes=entry.nodes, memories=entry.memories):
                break
            launch(
                work,
                Kind.RENDER,
                chunk,
                entry.attempts + 1,
                entry.memory or memory.known(work),
                nodes=entry.nodes,
                signature=entry.signature,
                memories=entry.memories or memory.known_beside(work),
                free=entry.free,
            )
            rest = rest - chunk.frames
            busy = busy | chunk.frames
            started.append(chunk)
        if rest:
            left.append(replace(entry, frames=rest))
    # A chunk that is rendered whole may take in frames that waited in an entry of their own.
    taken = FrameSet.union_of(chunk.frames for chunk in started)
    work.waiting = [
        entry if entry.frames.isdisjoint(taken) else replace(entry, frames=entry.frames - taken)
        for entry in left
        if not entry.frames <= taken
    ]
    return started


def _retries_to_come(work: Work) -> bool:
    """Whether something runs, or waits for its time or for a look, that will make room or show what is broken.

    An edit may have taken away all of it, and what waits for an approval waits for long.
    """
    if work.in_flight:
        return True
    allowed = preview_frames(work.spec, work.total) if awaits_approval(work) else work.total
    return any(entry.check_since or _retried(work, entry, allowed) for entry in work.waiting)


def _retried(work: Work, entry: Waiting, allowed: FrameSet) -> bool:
    """Whether some of these frames may be rendered now: those that are allowed, and what is rendered with them."""
    if not entry.frames.isdisjoint(allowed):
        return True
    if not work.layout.atomic:
        return False
    # A cell that is rendered whole holds more frames than those that wait.
    return any(not chunk.frames.isdisjoint(allowed) for chunk in _of(work, entry))


def _of(work: Work, entry: Waiting) -> Iterator[Chunk]:
    """The chunks of frames that wait, cut by the layout as it is now."""
    frames = entry.frames
    while frames:
        number = work.layout.cell_of(frames.first)
        for chunk in cut(work.layout, number, frames):
            yield from _in_parts(chunk, entry.size) if entry.size else (chunk,)
        frames = frames - work.layout.cell(number)


def _in_parts(chunk: Chunk, size: int) -> Iterator[Chunk]:
    for start in range(0, len(chunk.frames), size):
        yield Chunk(chunk.number, chunk.frames.slice(start, start + size))


def _new(work: Work, allowed: FrameSet, open_: FrameSet) -> Iterator[Chunk]:
    missing, chunks = work.missing & open_, work.spec.chunks
    if is_sequential(work):
        if not missing.isdisjoint(allowed):
            yield from islice(planned(work.layout, missing, chunks.order, chunks.stride), 1)
        return
    order = Order.FORWARD if work.completed.text_within(SCATTERED) is None else chunks.order
    first = missing & preview_frames(work.spec, work.total) if work.spec.preview else EMPTY
    begun: set[int] = set()
    if first:
        for chunk in planned(work.layout, first, order, chunks.stride):
            begun.add(chunk.number)
            yield chunk
        missing = missing - first
    if not awaits_approval(work):
        for chunk in planned(work.layout, missing, order, chunks.stride):
            # A cell that is rendered whole was there with its frames of the preview.
            if not (work.layout.atomic and chunk.number in begun):
                yield chunk
