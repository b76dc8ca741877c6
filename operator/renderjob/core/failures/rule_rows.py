"""Rows for a full disk, and for the user's own rules (`retries.rules`)."""

from __future__ import annotations

from typing import Final

from renderjob.api import FailureClass, RuleAction

from . import messages, predicates
from .row import Row
from .verdict import Blame, Cost, Pause, Remedy


def _rule(
    action: RuleAction,
    what: str,
    failure_class: FailureClass,
    cost: Cost,
    pause: Pause = Pause.BACKOFF,
    remedy: Remedy = Remedy.NONE,
) -> Row:
    return Row(
        name=f"Rule{action.value}",
        when=f"the first rule of `retries.rules` that fits says `{action.value}`",
        reason=f"the user's word goes before every reading of ours: {what}",
        fits=predicates.ruled(action),
        failure_class=failure_class,
        blames=Blame.NOBODY if cost in (Cost.FREE, Cost.BACK_OFF) else Blame.RENDERER,
        cost=cost,
        message=messages.by_rule,
        pause=pause,
        remedy=remedy,
        adds_last_line=True,
    )


RULE_ROWS: Final[tuple[Row, ...]] = (
    Row(
        name="NoRoom",
        when="not all frames are there, and the system itself says that nothing can be written to where they lie: the "
        "disk is full, or can only be read, or the directory allows it no more",
        reason="nobody who renders is to blame, and what is rendered next would not fit either; the rules below are "
        "about what an exit means, and this one means nothing",
        fits=predicates.without_room,
        failure_class=FailureClass.BACK_OFF,
        blames=Blame.NOBODY,
        cost=Cost.BACK_OFF,
        message=messages.of_disk,
        pause=Pause.WHOLE_JOB,
        adds_last_line=True,
    ),
    _rule(RuleAction.RETRY, "a retry", FailureClass.ERROR, Cost.RETRY),
    _rule(RuleAction.FAIL_CHUNK, "no retry for this chunk", FailureClass.ERROR, Cost.FAIL_CHUNK),
    _rule(RuleAction.FAIL_JOB, "the job is lost", FailureClass.ERROR, Cost.FAIL_JOB),
    _rule(RuleAction.BACK_OFF, "the whole job waits", FailureClass.BACK_OFF, Cost.BACK_OFF, Pause.WHOLE_JOB),
    _rule(
        RuleAction.RAISE_MEMORY,
        "again with more memory",
        FailureClass.OUT_OF_MEMORY,
        Cost.RETRY,
        remedy=Remedy.MEMORY,
    ),
    _rule(RuleAction.IGNORE, "again, free", FailureClass.DISRUPTED, Cost.FREE, Pause.AT_ONCE),
)
