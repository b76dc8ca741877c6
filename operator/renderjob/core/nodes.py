"""Bad nodes: a node on which this job fails again and again, while others do well, gets none of it for a while."""

from __future__ import annotations

from datetime import timedelta

from renderjob.api import EventReason, FailureClass, NodeRecord
from renderjob.api.duration import format_duration
from renderjob.api.status import MAX_NODES
from renderjob.words.numbers import count

from .actions import Attempt
from .failures import FAILURE_CLASSES, Blame
from .inflight import InFlight
from .work import Work

RESTS = 600.0
"""Seconds for which a node is left alone that took no pod, or could start none; `forgiveAfter`, if that is less."""

WORSE = 2.0
"""A node is bad when it failed more than so many times as often as the other nodes would have."""


def praise(work: Work, node: str, times: int = 1) -> None:
    """An attempt succeeded there, or several."""
    if node:
        record = _record(work, node)
        told = {"succeeded": record.succeeded + times, "avoid_until": None}
        work.nodes[node] = record.model_copy(update=told)


def take_back(work: Work, node: str, times: int) -> None:
    """Attempts that were taken for a success there were none."""
    if node in work.nodes:
        record = work.nodes[node]
        work.nodes[node] = record.model_copy(update={"succeeded": max(0, record.succeeded - times)})


def blame(work: Work, node: str, failure_class: FailureClass, times: int = 1) -> None:
    """An attempt failed there, or several."""
    if not node or FAILURE_CLASSES[failure_class].blames is not Blame.RENDERER:
        return
    record = _record(work, node)
    lately = record.failed if not _forgiven(work, record) else 0
    work.nodes[node] = record.model_copy(update={"failed": lately + times, "last_failure": work.now})


def rest(work: Work, node: str) -> None:
    """It took no pod, or could start none: it gets no chunk of this job for a while, where there is another."""
    if not node:
        return
    record = _record(work, node)
    span = min(work.spec.nodes.forgive_after, RESTS)
    work.nodes[node] = record.model_copy(update={"avoid_until": work.now + timedelta(seconds=span)})


def judge(work: Work) -> None:
    """Which nodes are avoided from here on."""
    known = known_nodes(work)
    bad = [n for n, record in work.nodes.items() if _bad(work, record) or _rests(work, record, known)]
    bad.sort(key=lambda name: (work.nodes[name].last_failure or work.now, name))
    for name in bad:
        if name not in work.avoided:
            work.tell(EventReason.NODE_AVOIDED, _why_avoided(work, work.nodes[name]))
    work.avoided = bad
    for name in bad:
        failed_at, until = work.nodes[name].last_failure, work.nodes[name].avoid_until
        if failed_at is not None:
            work.wakes.append(failed_at + timedelta(seconds=work.spec.nodes.forgive_after))
        if until is not None and until > work.now:
            work.wakes.append(until)


def forgive_oldest(work: Work) -> None:
    """There is no other node: the one that was avoided first gets another chance."""
    name, *work.avoided = work.avoided
    record = work.nodes[name]
    work.nodes[name] = record.model_copy(update={"failed": 0, "last_failure": None, "avoid_until": None})
    work.tell(EventReason.NODE_FORGIVEN, f"no other node fits: node {name} gets chunks again")


def known_nodes(work: Work) -> set[str]:
    """The nodes on which attempts of this job ran, as far as that is remembered."""
    return {*work.nodes, *(seen.node for seen in work.observed.attempts if seen.node)}


def resting_nodes(work: Work) -> tuple[str, ...]:
    """The nodes that get no chunk for now, where there is another."""
    return tuple(name for name in work.nodes if not _takes(work, name))


def placed(work: Work, attempt: InFlight, known: set[str], resting: tuple[str, ...]) -> Attempt:
    """An attempt, with the nodes that it must not, and had better not, run on.

    Args:
        work: the decision.
        attempt: what is to be started.
        known: as `known_nodes` says; the same for all attempts of a decision.
        resting: as `resting_nodes` says.
    """
    if not (attempt.nodes or work.avoided or resting):
        return attempt.attempt(work.layout.count)
    # A node where these frames failed is out of the question only when there is known to be another.
    elsewhere = bool(known - {*attempt.nodes, *work.avoided})
    avoid = (*work.avoided, *attempt.nodes) if elsewhere else tuple(work.avoided)
    shun = dict.fromkeys(n for n in (() if elsewhere else (*attempt.nodes, *resting)) if n not in avoid)
    return attempt.attempt(
        work.layout.count,
        avoid=tuple(dict.fromkeys(avoid)),
        shun=tuple(shun),
    )


def _record(work: Work, node: str) -> NodeRecord:
    if node not in work.nodes and len(work.nodes) >= MAX_NODES:
        # The one with the least to say makes room.
        least = min(work.nodes.values(), key=lambda r: (r.failed, r.succeeded))
        del work.nodes[least.name]
    return work.nodes.get(node) or NodeRecord(name=node)


def _forgiven(work: Work, record: NodeRecord) -> bool:
    span = timedelta(seconds=work.spec.nodes.forgive_after)
    return record.last_failure is not None and record.last_failure + span <= work.now


def _rests(work: Work, record: NodeRecord, known: set[str]) -> bool:
    """Whether it is left alone because of what it refused; not where no other node is known."""
    if record.avoid_until is None or record.avoid_until <= work.now:
        return False
    return any(_takes(work, name) for name in known if name != record.name)


def _takes(work: Work, node: str) -> bool:
    record = work.nodes.get(node)
    return record is None or record.avoid_until is None or record.avoid_until <= work.now


def _why_avoided(work: Work, record: NodeRecord) -> str:
    if record.avoid_until is not None and record.avoid_until > work.now:
        span = format_duration(round((record.avoid_until - work.now).total_seconds()))
        return f"node {record.name} took no pod of a chunk, or could not start it: it gets none for {span}"
    span = format_duration(work.spec.nodes.forgive_after)
    return f"{count(record.failed, 'chunk')} failed on node {record.name}, which gets none for {span}"


def _bad(work: Work, record: NodeRecord) -> bool:
    if record.failed < work.spec.nodes.avoid_after or _forgiven(work, record):
        return False
    others = [other for other in work.nodes.values() if other.name != record.name]
    if not others:
        # Whether it is the node can't be told, and there may be no other.
        return False
    runs = sum(other.failed + other.succeeded for other in others)
    rate = sum(other.failed for other in others) / runs if runs else 0.0
    return record.failed > WORSE * rate * (record.failed + record.succeeded)
