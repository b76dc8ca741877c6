"""What can't start: its node's fault until other nodes say the same, and never the job's once a renderer began."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from renderjob.api import FailureClass, StartStatus
from renderjob.api.status import MAX_CHUNK_NODES

from .actions import StopReason
from .failures import Blame, Cost, Remedy, Verdict
from .inflight import InFlight
from .nodes import known_nodes
from .observed import AttemptObservation
from .work import Work

ENOUGH: Final = 2
"""Nodes that say the same."""

_ROWS: Final = frozenset({"NoProgram", "CannotStart", "NotAllowed"})


def note_begun(work: Work) -> None:
    """What was seen to have begun shows that the template can start."""
    if _state(work).began:
        return
    if any(_began(work, a) for a in work.renders if a.stop is not StopReason.EDIT):
        work.draft.start = StartStatus(digest=work.digest, began=True)


def began(work: Work) -> bool:
    """Whether a renderer of this template has begun anywhere."""
    return bool(_state(work).began)


def holds(work: Work) -> bool:
    """Whether no other chunk should start before it is known whether the template can start at all."""
    state = _state(work)
    return bool(state.nodes) and not state.began


def confirmed(work: Work, attempt: InFlight, seen: AttemptObservation, verdict: Verdict) -> Verdict:
    """A verdict about a start that failed, once it is known whether others say the same."""
    if verdict.row not in _ROWS:
        return verdict
    note_node(work, seen.node)
    if not agreed(work, attempt, seen.node):
        # One node alone can't tell: it is asked elsewhere.
        return replace(
            verdict,
            failure_class=FailureClass.NODE,
            cost=Cost.FREE,
            blames=Blame.NODE,
            remedy=Remedy.ANOTHER_NODE,
        )
    return replace(
        verdict,
        failure_class=FailureClass.CONFIG,
        cost=Cost.FAIL_JOB,
        blames=Blame.MANIFEST,
        message=f"{verdict.message} ({said_by(work)})",
    )


def note_node(work: Work, node: str) -> None:
    """A node could not start it."""
    state = _state(work)
    if state.began or not node or node in state.nodes:
        return
    nodes = [*state.nodes, node][-MAX_CHUNK_NODES:]
    work.draft.start = StartStatus(digest=work.digest, nodes=nodes)


def agreed(work: Work, attempt: InFlight, node: str) -> bool:
    """Whether all that can be asked say that it can't start, so that it is the manifest that is broken.

    Two nodes that agree are enough, unless another is just trying; and one alone, when the same frames came back to
    it, since there was no other.
    """
    state = _state(work)
    if state.began:
        return False
    if any(_tries(work, other, state.nodes) for other in work.renders if other.id != attempt.id):
        return False
    if len(state.nodes) >= ENOUGH:
        return True
    return node in attempt.nodes and not known_nodes(work) - {node}


def said_by(work: Work) -> str:
    """Which nodes said so."""
    nodes = _state(work).nodes
    if len(nodes) < ENOUGH:
        return f"again and again on node {nodes[0]}, the only one there is" if nodes else "again and again"
    return f"on nodes {', '.join(nodes[:-1])} and {nodes[-1]}"


def _tries(work: Work, attempt: InFlight, failed: list[str]) -> bool:
    """Whether an attempt may still begin, on a node that has not said that it can't."""
    seen = work.seen.get(attempt.id)
    if seen is None or seen.finished or attempt.stop is not None or not seen.node:
        return False
    return seen.node not in failed and not seen.waiting


def _began(work: Work, attempt: InFlight) -> bool:
    seen = work.seen.get(attempt.id)
    if seen is None or seen.started_at is None or seen.config:
        return False
    evidence = seen.evidence
    if evidence is None or evidence.render is None:
        return evidence is None
    return evidence.render.began


def _state(work: Work) -> StartStatus:
    state: StartStatus = work.draft.start
    return state if state.digest == work.digest else StartStatus(digest=work.digest)
