"""Checks of the files that running attempts write, before one is given up as stalled, by a pod of their own.

A renderer that prints nothing may get on all the same, and in a cluster only a pod sees its files. So the files of
an attempt that has been silent for timeouts.stall are checked first, and with them those of all that run, each once in
that time at most. A file that was written meanwhile is a sign of life, and progress; no frame counts by it.
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
"""Attempts that one check is about, so that its answer fits into a termination message. Those that are silent come
first, and of them those that were checked longest ago."""

PATIENCE: Final = 120.0
"""Seconds that a check may take, if timeouts.stall is not longer: then its pod does not start, and nothing is known."""


def sign_of_life(attempt: InFlight, seen: AttemptObservation) -> datetime | None:
    """When an attempt last printed or wrote anything, or began; None: it has not begun."""
    active = seen.active_at or seen.started_at
    if active is None or not attempt.wrote:
        return active
    return max(active, datetime.fromtimestamp(attempt.wrote, UTC))


def can_check_files(work: Work, attempt: InFlight) -> bool:
    """Whether files may show progress of an attempt: their names are known, and only a pod sees them."""
    output = work.spec.output
    named = output is not None and output.pattern is not None and not work.layout.atomic
    return named and not work.observed.looks and bool(attempt.began)


def is_stalled(work: Work, attempt: InFlight, since: datetime, stall: float) -> bool:
    """Whether an attempt that has been silent since then, for longer than it may, is given up; else a check is due."""
    if not can_check_files(work, attempt):
        return True
    return bool(attempt.looked) and attempt.looked >= (since + timedelta(seconds=stall)).timestamp()


def settle_file_checks(work: Work) -> None:
    """Record what a check has found; stop one that takes too long, or whose attempts have all ended."""
    for check in [a for a in work.in_flight.values() if a.kind is Kind.LOOK]:
        seen = work.seen.get(check.id)
        if seen is None:
            if check.stop is not None:
                drop(work, check)
            continue
        if seen.finished:
            del work.in_flight[check.id]
            if check.stop is None:
                _record(work, check, seen)
        elif check.stop is None and _is_over(work, check):
            work.in_flight[check.id] = replace(check, stop=StopReason.SURPLUS)
            _record(work, check, seen)


def start_file_check(work: Work, silent: Sequence[InFlight]) -> None:
    """Check the files of all that run, since some have been silent for too long."""
    stall = work.spec.timeouts.stall
    if not silent or stall is None or any(a.kind is Kind.LOOK for a in work.in_flight.values()):
        return
    turns = {a.id: datetime.fromtimestamp(a.looked, UTC) + timedelta(seconds=stall) for a in silent}
    if min(turns.values()) > work.now:
        work.wakes.append(min(turns.values()))
        return
    running = [a for a in work.renders if a.stop is None and can_check_files(work, a) and a.id in work.seen]
    chosen = sorted(running, key=lambda a: (a.id not in turns, a.looked, a.id))[:MOST]
    frames = FrameSet.union_of(a.frames for a in chosen)
    launch(work, Kind.LOOK, Chunk(0, frames), 1, None, beside=FrameSet(a.id for a in chosen))
    id_ = work.draft.next_attempt - 1
    work.in_flight[id_] = replace(work.in_flight[id_], began=math.ceil(work.now.timestamp()))
    work.wakes.append(work.now + timedelta(seconds=max(stall, PATIENCE)))


def _is_over(work: Work, check: InFlight) -> bool:
    if not any(a.id in check.beside and a.stop is None for a in work.renders):
        return True
    stall = work.spec.timeouts.stall
    end = datetime.fromtimestamp(check.began, UTC) + timedelta(seconds=max(stall or 0.0, PATIENCE))
    if end > work.now:
        work.wakes.append(end)
        return False
    return True


def _record(work: Work, check: InFlight, seen: AttemptObservation) -> None:
    """Its attempts have been checked, also where the check failed: then nothing was found."""
    now = int(work.now.timestamp())
    found = {written.id: written for written in seen.written}
    for attempt in work.renders:
        if attempt.id not in check.beside:
            continue
        written = found.get(attempt.id)
        wrote = min(int(written.at.timestamp()), now) if written else 0
        work.in_flight[attempt.id] = replace(
            attempt,
            looked=check.began,
            wrote=max(attempt.wrote, wrote),
            there=max(attempt.there, min(written.frames, len(attempt.frames)) if written else 0),
        )
