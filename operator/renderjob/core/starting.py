"""Attempts that do not start: what holds them up, for how long that may go on, and what can be done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from renderjob.api import FailureClass, Reason, WaitReason
from renderjob.api.duration import format_duration

from . import free, nodes, starts
from .actions import Kind, StopReason
from .blocked import Blocked, Hold
from .charge import record_failure, tried
from .inflight import InFlight
from .observed import AttemptObservation
from .work import Work

PATIENCE = 180.0
"""Seconds that a node gets for a pod that it says it can't start, before another is tried; half of timeouts.start, if
that is less."""


def starting(work: Work) -> None:
    """Look at what waits to run."""
    limit, held = work.spec.timeouts.start, _nodes_that_hold_up(work)
    for attempt in list(work.in_flight.values()):
        seen = work.seen.get(attempt.id)
        if seen is None or seen.finished or seen.started_at is not None or attempt.kind is Kind.LOOK:
            continue
        if seen.outdated and attempt.stop is None:
            # The edit may be what lets it start: another node, another claim, less memory.
            work.in_flight[attempt.id] = replace(attempt, stop=StopReason.SURPLUS)
            continue
        if seen.waiting is None or attempt.kind is Kind.CHECK:
            # What is only a check ahead holds nothing up, and fails no job: settle_check bounds it.
            continue
        if attempt.stop is None and _no_node_left(work, attempt, seen.waiting):
            continue
        if seen.waiting_since is None or not seen.waiting.needs_action:
            continue
        if _fitted_once(work, attempt, seen.waiting):
            continue
        if not _tried_elsewhere(work, attempt, seen, seen.waiting, held):
            until = seen.waiting_since + timedelta(seconds=limit)
            _bounded(work, attempt, seen, seen.waiting, until)


def _fitted_once(work: Work, attempt: InFlight, waiting: Blocked) -> bool:
    """Whether no node fits a pod of a template of which one has run: nodes went, a pool scaled down, and may return."""
    unschedulable = waiting.reason in (WaitReason.NO_NODE, WaitReason.NODE_AFFINITY)
    return unschedulable and attempt.kind is Kind.RENDER and starts.began(work)


def _nodes_that_hold_up(work: Work) -> set[str]:
    """Nodes that say that they can't start what they were given."""
    waiting = (seen for a in work.in_flight.values() if (seen := work.seen.get(a.id)) and not seen.finished)
    return {seen.node for seen in waiting if _by_node(seen)}


def _by_node(seen: AttemptObservation) -> bool:
    """Whether it is its own node that holds an attempt up."""
    own = bool(seen.node) and not seen.hearsay and seen.started_at is None
    return own and seen.waiting is not None and seen.waiting.hold is Hold.NODE


def _tried_elsewhere(
    work: Work, attempt: InFlight, seen: AttemptObservation, waiting: Blocked, held: set[str]
) -> bool:
    """Whether another node is tried, now or soon, before anything is said of the job."""
    if attempt.stop is not None or seen.waiting_since is None or not _by_node(seen):
        return False
    agree = len(held) >= starts.ENOUGH or seen.node in attempt.nodes
    if agree and not starts.began(work):
        # Others say the same, or there are no others: it is not the node, and its time is bounded.
        return False
    until = seen.waiting_since + timedelta(seconds=min(PATIENCE, work.spec.timeouts.start / 2))
    if until > work.now:
        work.wakes.append(until)
        return True
    nodes.rest(work, seen.node)
    starts.note_node(work, seen.node)
    work.count("node")
    free.note(work, f"{FailureClass.NODE.value} on {seen.node}: {waiting.message}")
    record_failure(
        work,
        attempt.frames,
        FailureClass.NODE,
        waiting.message,
        attempt=attempt.number,
        node=seen.node,
        warning=False,
    )
    moved = replace(attempt, nodes=tried(attempt, seen.node), free=attempt.free + 1)
    work.in_flight[attempt.id] = replace(moved, stop=StopReason.SURPLUS)
    return True


def _bounded(
    work: Work, attempt: InFlight, seen: AttemptObservation, waiting: Blocked, until: datetime
) -> None:
    if until > work.now:
        work.wakes.append(until)
    elif not work.draft.fatal:
        work.count("config")
        record_failure(
            work,
            attempt.frames,
            FailureClass.CONFIG,
            waiting.message,
            attempt=attempt.number,
            node=seen.node,
        )
        limit = format_duration(work.spec.timeouts.start)
        work.draft.fatal = f"a pod could not start within {limit} (timeouts.start): {waiting.message}"[:1024]
        work.draft.fatal_reason = Reason.CONFIG


def _no_node_left(work: Work, attempt: InFlight, waiting: Blocked) -> bool:
    """No node fits but those that are avoided: one is forgiven, and the attempt is made anew, free."""
    if waiting.reason is not WaitReason.NODE_AFFINITY or not (work.avoided or attempt.nodes):
        return False
    if not work.avoided:
        # It is the chunk's own doing: there is no node but those on which it failed.
        attempt = replace(attempt, nodes=())
    elif work.avoided == work.before.avoided_nodes:
        # One at a time, however many attempts wait.
        nodes.forgive_oldest(work)
    work.in_flight[attempt.id] = replace(attempt, stop=StopReason.SURPLUS)
    return True
