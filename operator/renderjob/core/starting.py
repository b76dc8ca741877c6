"""Attempts that do not start: what holds them up, for how long that may go on, and what can be done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from renderjob.api import FailureClass
from renderjob.api.duration import format_duration

from .actions import StopReason
from .charge import record_failure
from .inflight import InFlight
from .nodes import forgive_oldest
from .observed import AttemptObservation
from .work import Work

_ROOM = "Insufficient"
"""The scheduler's word for a cluster that is full: that passes by itself."""

_QUEUED = ("Suspended", "Terminating", "SchedulingGated")
"""Reasons that are somebody's will, or that pass."""


def starting(work: Work) -> None:
    """Look at what waits to run."""
    limit = work.spec.timeouts.start
    for attempt in list(work.in_flight.values()):
        seen = work.seen.get(attempt.id)
        if seen is None or seen.finished or seen.started_at is not None:
            continue
        if seen.outdated and attempt.stop is None:
            # The edit may be what lets it start: another node, another claim, less memory.
            work.in_flight[attempt.id] = replace(attempt, stop=StopReason.SURPLUS)
            continue
        if not seen.waiting:
            continue
        if attempt.stop is None and _no_node_left(work, attempt, seen):
            continue
        if seen.waiting_since is not None and needs_somebody(seen.waiting):
            _bounded(work, attempt, seen, seen.waiting_since + timedelta(seconds=limit), limit)


def needs_somebody(waiting: str) -> bool:
    """Whether it waits for somebody to change something."""
    if waiting.startswith(_QUEUED):
        return False
    return not (waiting.startswith("Unschedulable") and _ROOM in waiting)


def _bounded(work: Work, attempt: InFlight, seen: AttemptObservation, until: datetime, limit: float) -> None:
    if until > work.now:
        work.wakes.append(until)
    elif not work.get("fatal"):
        work.count("config")
        record_failure(
            work,
            attempt.frames,
            FailureClass.CONFIG,
            seen.waiting,
            attempt=attempt.number,
            node=seen.node,
        )
        work.put(
            fatal=f"a pod could not start within {format_duration(limit)} (timeouts.start): {seen.waiting}"[
                :1024
            ],
            fatal_reason="Config",
        )


def _no_node_left(work: Work, attempt: InFlight, seen: AttemptObservation) -> bool:
    """No node fits but those that are avoided: one is forgiven, and the attempt is made anew, free."""
    unschedulable = seen.waiting.startswith("Unschedulable") and "affinity" in seen.waiting
    if not unschedulable or _ROOM in seen.waiting or not (work.avoided or attempt.nodes):
        return False
    if not work.avoided:
        # It is the chunk's own doing: there is no node but those on which it failed.
        attempt = replace(attempt, nodes=())
    elif work.avoided == work.before.avoided_nodes:
        # One at a time, however many attempts wait.
        forgive_oldest(work)
    work.in_flight[attempt.id] = replace(attempt, stop=StopReason.SURPLUS)
    return True
