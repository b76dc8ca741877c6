"""Bounds: how much a status may hold, what may start so that whatever comes of it still fits, and what gives way.

Frames are kept as range strings, and what fails may lie anywhere: so the strings can grow with every result. Before a
chunk starts there is room for what may become of it (`Room`); where there is none, it waits until others have made
some, and the job is lost when failures alone fill it (`overrun`). Parts of a chunk, and what a look at the files
finds, count as far as there is room (`kept`, `taken`). `fit` has the last word on every status, so what is written
can always be read again; it is there for edits, and for files that vanish, which nobody asks before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from renderjob.api import Reason
from renderjob.frames import EMPTY, FrameSet

from . import requeue
from .inflight import InFlight
from .work import Unverified, Waiting, Work

COMPLETED: Final = 48 * 1024
"""Characters of the range string of what is rendered."""
FAILED: Final = 24 * 1024
"""The same of what has failed."""
LOST: Final = 16 * 1024
"""Characters of what has failed from which on the job is lost."""
FULL: Final = 40 * 1024
"""Characters of what is rendered from which on a job that has failures is lost, too: they lie between."""
SCATTERED: Final = 16 * 1024
"""Characters of what is rendered from which on gaps are filled first, whatever the order."""
WAITING: Final = 56 * 1024
"""Characters of all that waits for another attempt."""
WAITING_NODES: Final = 32 * 1024
"""Characters of the nodes on which that failed."""
UNVERIFIED: Final = 24 * 1024
"""Characters of all that was rendered and not looked for."""
LINES: Final = 96 * 1024
"""Characters of the attempts in flight."""
LOOKED_FOR: Final = 16 * 1024
"""Characters of what one verification looks for."""
LINE: Final = 80
"""Characters of what else is said of an attempt in flight, but for the names of nodes and containers; most say less."""

MAX_STATUS: Final = 640 * 1024
"""Bytes of a whole status, in JSON. With the largest spec and all that metadata may hold, etcd takes it (1.5 MiB)."""


class Room:
    """Room for what may become of chunks that start: each comes back as one piece, rendered, failed or waiting."""

    def __init__(self, work: Work) -> None:
        flight = sum(_size(attempt.frames) for attempt in work.renders)
        self._results = (
            min(
                COMPLETED - _size(work.completed),
                FAILED - _size(work.failed),
                WAITING - _waiting_size(work),
                UNVERIFIED - sum(_size(group.frames) for group in work.unverified),
            )
            - flight
        )
        self._lines = LINES - sum(_line(attempt) for attempt in work.in_flight.values())
        self._idle = not work.in_flight

    def take(
        self,
        frames: FrameSet,
        *,
        nodes: tuple[str, ...] = (),
        memories: tuple[tuple[str, int], ...] = (),
    ) -> bool:
        """Whether a chunk of these frames may start, of which so much is to be said; then its room is taken.

        Where nothing is in flight one may always: it is what makes room.
        """
        size = _size(frames)
        line = size + LINE + _nodes_size(nodes) + _memories_size(memories)
        if not self._idle and (size > self._results or line > self._lines):
            return False
        self._idle = False
        self._results -= size
        self._lines -= line
        return True


def overrun(work: Work) -> None:
    """A job that fails in thousands of separate places is lost: its status could not name them all."""
    if work.completed.text_within(2 * SCATTERED) is None:
        # What was rendered for an earlier edit, and is not asked for any more, need not be known.
        work.completed = work.completed & work.total
    many = work.failed.text_within(LOST) is None
    between = bool(work.failed & work.total) and work.completed.text_within(FULL) is None
    if (many or between) and not work.draft.fatal:
        _lose(work, len(work.failed & work.total), "failed")


def kept(work: Work, attempt: InFlight, done: FrameSet) -> FrameSet:
    """Of the frames that a failed attempt has rendered those that count: all, or those before the first it has not.

    The rest is rendered again: there is no room for so many pieces.
    """
    rest = attempt.frames - done
    if not done or not rest:
        return done
    room = min(COMPLETED - _size(work.completed), WAITING - _waiting_size(work), FAILED - _size(work.failed))
    room -= sum(_size(other.frames) for other in work.renders)
    pieces = [some.text_within(max(0, room)) for some in (done, rest)]
    if None not in pieces and sum(len(text or "") for text in pieces) <= room:
        return done
    return attempt.frames.slice(0, attempt.frames.rank_of(rest.first))


def taken(work: Work, present: FrameSet, missing: FrameSet) -> tuple[FrameSet, FrameSet]:
    """Of what a look at the files found as much as there is room for; for the rest somebody looks again.

    At least one frame is taken in: that makes room in the end.
    """
    looked = present | missing
    room = min(WAITING - _waiting_size(work), FAILED - _size(work.failed))
    room -= sum(_size(attempt.frames) for attempt in work.renders)
    count = len(looked)
    while True:
        some = looked if count == len(looked) else looked.take(count)
        there, gone = present & some, missing & some
        fits = gone.text_within(max(0, room)) is not None
        if count <= 1 or (fits and (work.completed | there).text_within(FULL) is not None):
            return there, gone
        count //= 2


def looked_for(frames: FrameSet) -> FrameSet:
    """As many of some frames as one verification looks for."""
    return frames.within(LOOKED_FOR)


def adoptable(work: Work, frames: FrameSet) -> FrameSet:
    """As many of frames that are there already as there is room for, beside what was rendered."""
    if (work.completed | frames).text_within(FULL) is not None:
        return frames
    return frames.within(max(0, FULL - _size(work.completed)) // 2)


def fit(work: Work) -> None:
    """Whatever happened, the status fits: what does not is rendered again, looked for again, or the job is lost."""
    if work.completed.text_within(COMPLETED) is None:
        if not work.basis_changed:
            # By rendering alone it does not come to this; if it did, it would come to it again and again.
            _lose(work, len(work.completed & work.total), "are rendered")
        work.completed = (work.completed & work.total).within(COMPLETED)
        work.basis_changed = True
    if work.failed.text_within(FAILED) is None:
        _lose(work, len(work.failed & work.total), "failed")
        work.failed = work.failed.within(FAILED)
    if sum(_size(group.frames, UNVERIFIED) for group in work.unverified) > UNVERIFIED:
        frames = work.unverified_frames.within(UNVERIFIED)
        attempts = max(group.attempts for group in work.unverified)
        work.unverified = [Unverified(frames, attempts)]
    requeue.bound(work)
    if _waiting_size(work) > WAITING:
        # What a log said was finished is looked for anyway; without its word some of it is rendered again.
        work.waiting = [replace(entry, finished=EMPTY) for entry in work.waiting]
    if _waiting_size(work) > WAITING:
        _lose(work, len(work.waiting_frames), "wait for another attempt")
        work.waiting = _first_of(work.waiting)
    if sum(_nodes_size(entry.nodes) for entry in work.waiting) > WAITING_NODES:
        work.waiting = [replace(entry, nodes=entry.nodes[-1:]) for entry in work.waiting]


def _first_of(waiting: list[Waiting]) -> list[Waiting]:
    some, room = [], WAITING
    for entry in waiting:
        room -= _size(entry.frames, WAITING)
        if room < 0:
            break
        some.append(entry)
    return some


def _lose(work: Work, count: int, what: str) -> None:
    if not work.draft.fatal:
        work.draft.fatal = (
            f"{count} {'frame' if count == 1 else 'frames'} {what} in too many separate places to go on"
        )
        work.draft.fatal_reason = Reason.TOO_MANY_FAILURES


def _size(frames: FrameSet, most: int = COMPLETED) -> int:
    """Characters of a range string with its comma; one more than `most`, where it has more than that."""
    text = frames.text_within(most)
    return most + 1 if text is None else len(text) + 1 if text else 0


def _waiting_size(work: Work) -> int:
    return sum(_size(entry.frames, WAITING) + _size(entry.finished, WAITING) for entry in work.waiting)


def _line(attempt: InFlight) -> int:
    frames = _size(attempt.frames) + _size(attempt.beside)
    return frames + LINE + _nodes_size(attempt.nodes) + _memories_size(attempt.memories)


def _memories_size(memories: tuple[tuple[str, int], ...]) -> int:
    return sum(len(name) + len(str(count)) + 2 for name, count in memories)


def _nodes_size(nodes: tuple[str, ...]) -> int:
    return sum(len(node) + 1 for node in nodes)
