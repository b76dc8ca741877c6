"""docs/status.md: what `kubectl get` shows, and every field of `status`."""

from __future__ import annotations

from datetime import UTC, datetime

from definition import COLUMNS, part
from fields import sections
from markdown import GENERATED, code, table

from renderjob.api import State
from renderjob.core.conditions import STATED, conditions
from renderjob.core.outcome import Outcome

_STATES = {
    State.PENDING: "Nothing has started yet.",
    State.RUNNING: "Chunks are being rendered, or wait to be.",
    State.MERGING: "All frames are there, and are being put together.",
    State.SUSPENDED: "By `spec.suspend`, or until the preview is approved.",
    State.COMPLETED: "All frames are rendered (but for those that `spec.tolerate` lets go) and merged.",
    State.FAILED: "It can't be completed; what is rendered is kept, and a retry goes on from there.",
    State.CANCELLED: "By `spec.cancel`; what is rendered is kept.",
}


def page() -> str:
    """The whole page."""
    columns = [[code(c["name"].upper()), c["description"], code(c["jsonPath"].lstrip("."))] for c in COLUMNS]
    wide = ", ".join(code(c["name"].upper()) for c in COLUMNS if c.get("priority"))
    head = [
        "# The status",
        "What a user reads, on a laptop with `renderjob get` and in a cluster with `kubectl get renderjob` (short: "
        "`rj`). Its size does not grow with the number of chunks: frames are kept as ranges such as `1-412,420`. "
        "In a cluster it is written once a second at most; where more than twenty jobs are at work, what tells of "
        "nothing but progress may come a few seconds later.",
        "## Columns",
        table(["Column", "Meaning", "Field"], columns),
        f"{wide} are shown with `-o wide`.",
        "## States",
        table(["State", "Meaning", *map(str, STATED)], [_state(state) for state in State]),
        "The last columns are the conditions: Ready, Reconciling and Stalled as kstatus reads them (Flux, Argo CD, "
        "`kubectl wait`), Complete, Failed and Suspended as batch/v1 has them. A job that can't go on until somebody "
        "does something, and would then go on by itself, is Stalled, too, in the state that it is in. Every condition "
        "carries a reason in one word and a sentence: [what they mean and what to do](troubleshooting.md). A job whose "
        "looks cost the operator too much has the condition Slowed, too, as long as that is so.",
    ]
    return "\n\n".join([GENERATED, *head, *sections(part("status"), "status", defaults=False)]) + "\n"


def _state(state: State) -> list[str]:
    row = conditions((), Outcome(state, "Any", ""), 1, datetime.now(UTC))
    return [
        code(state.value),
        _STATES[state],
        *("✓" if condition.status == "True" else "" for condition in row),
    ]
