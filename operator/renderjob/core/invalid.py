"""A job that can't be decided on: the status says what is wrong, and nothing else changes."""

from __future__ import annotations

from datetime import datetime

from renderjob.api import ConditionType, Reason, RenderJobStatus, State

from .conditions import SLOWED, conditions
from .decision import Decision, Event
from .outcome import Outcome


def decide_invalid(
    status: RenderJobStatus,
    problem: str,
    uid: str,
    generation: int,
    now: datetime,
    reason: Reason = Reason.INVALID_SPEC,
) -> Decision:
    """What follows from a spec that the API server took and only code can know to be wrong.

    Args:
        status: as it was saved last.
        problem: which field, what was found, what is accepted.
        uid: of the resource.
        generation: of the spec.
        now: the time, with a zone.
        reason: why; InvalidSpec unless it is something else.

    Returns:
        A status with Stalled=True and no action: what runs may end, what is rendered stays, nothing starts.
        The next edit is judged anew.
    """
    state = State.PENDING if status.state.terminal else status.state
    message = problem[:1024]
    outcome = Outcome(state, reason, message, message, stalled=True)
    after = status.model_copy(
        update={
            "id": uid,
            "observed_generation": generation,
            "created_at": status.created_at or now,
            "completed_at": None,
            "state": state,
            "progress": min(status.progress, 99),
            "error": message,
            "conditions": conditions(status.conditions, outcome, generation, now),
        }
    )
    if after == status:
        return Decision((), status, None)
    stands = any(
        c.type is ConditionType.STALLED and c.status == "True" and c.reason == reason
        for c in status.conditions
    )
    known = stands and status.observed_generation == generation
    told = () if known else (Event(reason, message, warning=True),)
    return Decision((), after.model_copy(update={"updated_at": now}), None, told)


def decide_costly(
    status: RenderJobStatus, seconds: float, uid: str, generation: int, now: datetime
) -> Decision:
    """What follows from a spec on which no decision was found in so many seconds of computing: as an invalid one."""
    problem = (
        f"no decision was found in {seconds:g}s of computing, more than any job may take: nothing is started. "
        "Fewer frames, ranges or listed chunks in one RenderJob cost less"
    )
    return decide_invalid(status, problem, uid, generation, now, SLOWED)
