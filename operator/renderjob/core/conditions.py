"""Conditions: kstatus' three and the batch API's, all derived from the one state, so none contradicts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from renderjob.api import Condition, ConditionType, Reason, State

from .outcome import Outcome

SLOWED = Reason.TOO_COSTLY
"""The reason of who has to wait for what it costs."""

_T, _F = "True", "False"

SHARED = Reason.OUTPUT_SHARED
"""The reason of who writes where another job does."""

_BESIDE: Final = (ConditionType.OUTPUT_SHARED, ConditionType.SLOWED)

STATED: Final = tuple(type_ for type_ in ConditionType if type_ not in _BESIDE)
"""The conditions that say which state a job is in."""

_TABLE: Final[Mapping[State, Mapping[ConditionType, str]]] = {
    state: dict(zip(STATED, row, strict=True))
    for state, row in {
        #                 Ready Reconciling Stalled Complete Failed Suspended
        State.PENDING: (_F, _T, _F, _F, _F, _F),
        State.RUNNING: (_F, _T, _F, _F, _F, _F),
        State.MERGING: (_F, _T, _F, _F, _F, _F),
        State.SUSPENDED: (_F, _F, _F, _F, _F, _T),
        State.COMPLETED: (_T, _F, _F, _T, _F, _F),
        State.FAILED: (_F, _F, _T, _F, _T, _F),
        State.CANCELLED: (_F, _F, _T, _F, _F, _F),
    }.items()
}

_STALLED: Final[Mapping[ConditionType, str]] = {ConditionType.RECONCILING: _F, ConditionType.STALLED: _T}
"""What another state's row becomes when the job can't go on until somebody does something."""


def conditions(
    before: Iterable[Condition],
    outcome: Outcome,
    generation: int,
    now: datetime,
    slowed: str = "",
    shared: str = "",
) -> list[Condition]:
    """The conditions of a state; the time of a transition stands while a condition's status does.

    `slowed` is why the job is looked at less often than others, `shared` who else writes its files.
    """
    known = {condition.type: condition for condition in before}
    row = {**_TABLE[outcome.state], **(_STALLED if outcome.stalled else {})}
    found = [
        _condition(known.get(type_), type_, status, outcome, generation, now) for type_, status in row.items()
    ]
    if shared:
        type_, why = ConditionType.OUTPUT_SHARED, Outcome(outcome.state, SHARED, shared)
        found.append(_condition(known.get(type_), type_, _T, why, generation, now))
    if slowed:
        type_, why = ConditionType.SLOWED, Outcome(outcome.state, SLOWED, slowed)
        found.append(_condition(known.get(type_), type_, _T, why, generation, now))
    return found


def _condition(
    before: Condition | None,
    type_: ConditionType,
    status: str,
    outcome: Outcome,
    generation: int,
    now: datetime,
) -> Condition:
    # Only the conditions that hold, and Ready, carry the sentence: the others would say what is not so.
    message = outcome.message if status == _T or type_ is ConditionType.READY else ""
    if before is not None and before.status == status:
        if (before.reason, before.message, before.observed_generation) == (
            outcome.reason,
            message,
            generation,
        ):
            return before
        now = before.last_transition_time
    return Condition.model_construct(
        type=type_,
        status=status,
        reason=outcome.reason,
        message=message,
        last_transition_time=now,
        observed_generation=generation,
    )
