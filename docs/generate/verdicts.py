"""The part of docs/troubleshooting.md that says which verdict follows from what: the table of core/failures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from markdown import code, table

from renderjob.core.failures import PRECEDENCE, TABLE, Cost, Pause, Remedy, Row

PAGE: Final = Path(__file__).parents[1] / "troubleshooting.md"
BEGIN: Final = "<!-- Written by `make docs` from operator/renderjob/core/failures, down to the end mark. -->"
END: Final = "<!-- end of what `make docs` writes -->"

_COSTS: Final = {
    Cost.RETRY: "a retry",
    Cost.FREE: "nothing",
    Cost.BACK_OFF: "nothing",
    Cost.FAIL_CHUNK: "the chunk",
    Cost.FAIL_JOB: "the job",
}
_PAUSES: Final = {
    Pause.NONE: "",
    Pause.BACKOFF: "by failed attempts",
    Pause.AT_ONCE: "none, then by free failures in a row",
    Pause.GROWING: "by free failures in a row",
    Pause.WHOLE_JOB: "of the whole job",
}


def page() -> str:
    """The page, with that part made anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{PAGE.name} has lost its marks: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{part()}\n\n{END}{after}"


def part() -> str:
    """The order of precedence, and the rows in the order in which they are asked."""
    head = ["", "What is seen", "Class", "To blame", "Costs", "Pause", "Why, and what the next attempt gets"]
    rows = [_row(number, row) for number, row in enumerate(TABLE, 1)]
    return "\n".join(f"- {sentence}" for sentence in PRECEDENCE) + "\n\n" + table(head, rows)


def _row(number: int, row: Row) -> list[str]:
    costs, pause = _COSTS[row.cost], _PAUSES[row.pause]
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
