"""Looks at what running attempts write, before they are given up as stalled, where the executor can't look by itself.

A renderer that prints nothing may get on all the same, and in a cluster only a pod sees its files. So an attempt
that has been silent for timeouts.stall is looked at first, and with it all that run, each once in that time at
most. A file that was written meanwhile is a sign of life, and progress; no frame counts by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from renderjob.frames import FrameSet
from renderjob.planning import Chunk

from .actions import Kind, StopReason
from .inflight import InFlight
from .observed import AttemptObservation
from .settle import drop
from .window import launch
from .work import Work

MOST: Final = 128
"""Attempts that one look is about, so that its answer fits where a pod can leave it. Those that are silent come first,
and of them those that were looked at longest ago."""

PATIENCE: Final = 120.0
"""Seconds that a look may take, if timeouts.stall is not longer: then its pod does not start, and nothing is known."""


def sign_of_life(attempt: InFlight, seen: AttemptObservation) -> datetime | None:
    """When an attempt last printed or wrote anything, or began; None: it has not begun."""
    told = seen.active_at or seen.started_at
    if told is None or not attempt.wrote:
        return told
    return max(told, datetime.fromtimestamp(attempt.wrote, UTC))


def may_look(work: Work, attempt: InFlight) -> bool:
    """Whether files could tell of an attempt: it is known what they are called, and that only a pod sees them."""
    output = work.spec.output
    named = output is not None and output.pattern is not None and not work.layout.atomic
    return named and not work.observed.looks and bool(attempt.began)


def is_stalled(work: Work, attempt: InFlight, since: datetime, stall: float) -> bool:
    """Whether an attempt that has been silent since then, for longer than it may, is given up; else a look is due."""
    if not may_look(work, attempt):
        return True
    return bool(attempt.looked) and attempt.looked >= (since + timedelta(seconds=stall)).timestamp()


def settle_looks(work: Work) -> None:
    """Take in what a look has found; end one that takes too long, or that is about nothing any more."""
    for look in [a for a in work.in_flight.values() if a.kind is Kind.LOOK]:
        seen = work.seen.get(look.id)
        if seen is None:
            if look.stop is not None:
                drop(work, look)
            continue
        if seen.finished:
            del work.in_flight[look.id]
            if look.stop is None:
                _take_in(work, look, seen)
        elif look.stop is None and _is_over(work, look):
            work.in_flight[look.id] = replace(look, stop=StopReason.SURPLUS)
            _take_in(work, look, seen)


def start_look(work: Work, silent: Sequence[InFlight]) -> None:
    """Look at all that run, since some of them have been silent for too long."""
    stall = work.spec.timeouts.stall
    if not silent or stall is None or any(a.kind is Kind.LOOK for a in work.in_flight.values()):
        return
    turns = {a.id: datetime.fromtimestamp(a.looked, UTC) + timedelta(seconds=stall) for a in silent}
    if min(turns.values()) > work.now:
        work.wakes.append(min(turns.values()))
        return
    running = [a for a in work.renders if a.stop is None and may_look(work, a) and a.id in work.seen]
    chosen = sorted(running, key=lambda a: (a.id not in turns, a.looked, a.id))[:MOST]
    frames = FrameSet.union_of(a.frames for a in chosen)
    launch(work, Kind.LOOK, Chunk(0, frames), 1, None, beside=FrameSet(a.id for a in chosen))
    id_ = work.get("next_attempt") - 1
    work.in_flight[id_] = replace(work.in_flight[id_], began=math.ceil(work.now.timestamp()))
    work.wakes.append(work.now + timedelta(seconds=max(stall, PATIENCE)))


def _is_over(work: Work, look: InFlight) -> bool:
    if not any(a.id in look.beside and a.stop is None for a in work.renders):
        return True
    stall = work.spec.timeouts.stall
    end = datetime.fromtimestamp(look.began, UTC) + timedelta(seconds=max(stall or 0.0, PATIENCE))
    if end > work.now:
        work.wakes.append(end)
        return False
    return True


def _take_in(work: Work, look: InFlight, seen: AttemptObservation) -> None:
    """What it is about has been looked at, also where the look failed: nothing can be found of that then."""
    now = int(work.now.timestamp())
    found = {written.id: written for written in seen.written}
    for attempt in work.renders:
        if attempt.id not in look.beside:
            continue
        written = found.get(attempt.id)
        wrote = min(int(written.at.timestamp()), now) if written else 0
        work.in_flight[attempt.id] = replace(
            attempt,
            looked=look.began,
            wrote=max(attempt.wrote, wrote),
            there=max(attempt.there, min(written.frames, len(attempt.frames)) if written else 0),
        )
