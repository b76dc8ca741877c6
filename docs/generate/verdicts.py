"""The part of docs/troubleshooting.md that says which verdict follows from what: the table of core/failures."""

from __future__ import annotations

from pathlib import Path
from typing import Final, assert_never

from markdown import code, table

from renderjob.api import FailureClass
from renderjob.core.failures import FAILURE_CLASSES, PRECEDENCE, TABLE, Cost, Pause, Remedy, Row

PAGE: Final = Path(__file__).parents[1] / "troubleshooting.md"
CLASSES_BEGIN: Final = (
    "<!-- Written by `make docs` from operator/renderjob/core/failures/classes.py, down to the end mark. -->"
)
CLASSES_END: Final = "<!-- end of the classes that `make docs` writes -->"
BEGIN: Final = "<!-- Written by `make docs` from operator/renderjob/core/failures, down to the end mark. -->"
END: Final = "<!-- end of what `make docs` writes -->"

_PAUSES: Final = {
    Pause.NONE: "",
    Pause.BACKOFF: "by failed attempts",
    Pause.AT_ONCE: "none, then by free failures in a row",
    Pause.GROWING: "by free failures in a row",
    Pause.WHOLE_JOB: "of the whole job",
}


def page() -> str:
    """The page, with the generated parts made anew."""
    text = _with(PAGE.read_text(encoding="utf-8"), CLASSES_BEGIN, CLASSES_END, classes())
    return _with(text, BEGIN, END, part())


def classes() -> str:
    """What each class of failure means, costs, and asks for."""
    head = ["Class", "What happened", "Costs", "What to do"]
    rows = [
        [code(kind.value), facts.happened, _usual_costs(kind), facts.advice]
        for kind, facts in FAILURE_CLASSES.items()
    ]
    return table(head, rows)


def _with(text: str, begin: str, end: str, made: str) -> str:
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE.name} has lost its marks: {begin} … {end}")
    return f"{before}{begin}\n\n{made}\n\n{end}{after}"


def _usual_costs(kind: FailureClass) -> str:
    """Of the rows that are no rules of the user's."""
    rows = [row for row in TABLE if row.failure_class is kind and not row.name.startswith("Rule")]
    dearest = max((row.cost for row in rows), key=list(Cost).index)
    more = any(row.remedy is Remedy.MEMORY for row in rows)
    return f"{_costs(dearest)}, or nothing while it gets more" if more else _costs(dearest)


def _costs(cost: Cost) -> str:
    match cost:
        case Cost.RETRY:
            return "a retry"
        case Cost.FREE | Cost.BACK_OFF:
            return "nothing"
        case Cost.FAIL_CHUNK:
            return "the chunk"
        case Cost.FAIL_JOB:
            return "the job"
    assert_never(cost)


def part() -> str:
    """The order of precedence, and the rows in the order in which they are asked."""
    head = ["", "What is seen", "Class", "To blame", "Costs", "Pause", "Why, and what the next attempt gets"]
    rows = [_row(number, row) for number, row in enumerate(TABLE, 1)]
    return "\n".join(f"- {sentence}" for sentence in PRECEDENCE) + "\n\n" + table(head, rows)


def _row(number: int, row: Row) -> list[str]:
    costs, pause = _costs(row.cost), _PAUSES[row.pause]
    if row.remedy is Remedy.MEMORY:
        costs = "a retry, or nothing while it gets more"
    if row.cost in (Cost.FAIL_CHUNK, Cost.FAIL_JOB):
        pause = ""
    gets = f" It gets {row.remedy.value}." if row.remedy is not Remedy.NONE else ""
    return [
        str(number),
        f"{row.when[0].upper()}{row.when[1:]}.",
        code(row.failure_class.value),
        row.blames.value,
        costs,
        pause,
        f"{row.reason[0].upper()}{row.reason[1:]}.{gets}",
    ]
