"""The manifest's own rules (retries.rules): an exit code or a log line with a meaning."""

from __future__ import annotations

from typing import Final

from renderjob.api import FailureClass, RuleAction
from renderjob.core.observed import Phase

from .verdict import Cost, Ended, Verdict

_COSTS: Final[dict[RuleAction, tuple[FailureClass, Cost]]] = {
    RuleAction.RETRY: (FailureClass.ERROR, Cost.RETRY),
    RuleAction.FAIL_CHUNK: (FailureClass.ERROR, Cost.FAIL_CHUNK),
    RuleAction.FAIL_JOB: (FailureClass.ERROR, Cost.FAIL_JOB),
    RuleAction.BACK_OFF: (FailureClass.BACK_OFF, Cost.BACK_OFF),
    RuleAction.RAISE_MEMORY: (FailureClass.OUT_OF_MEMORY, Cost.RETRY),
    RuleAction.IGNORE: (FailureClass.DISRUPTED, Cost.FREE),
}


def rules(ended: Ended) -> Verdict | None:
    """The first rule that fits; a success is not a failure, whatever its log says."""
    if ended.seen.phase is Phase.SUCCEEDED:
        return None
    for rule in ended.spec.retries.rules:
        if rule.fits(ended.seen.exit_code, ended.seen.log):
            failure_class, cost = _COSTS[rule.action]
            message = ended.last_line or f"exit code {ended.seen.exit_code}"
            return Verdict(failure_class, cost, message, rule.action is RuleAction.RAISE_MEMORY)
    return None
