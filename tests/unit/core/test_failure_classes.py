"""A class of failure is one row of FAILURE_CLASSES; a test says what a new one lacks."""

from __future__ import annotations

import pytest

from renderjob.api import AttemptCounts, FailureClass
from renderjob.core.failures import FAILURE_CLASSES, TABLE, Cost

ROWS = [row for row in TABLE if not row.name.startswith("Rule")]
"""What users' rules say is theirs."""


@pytest.mark.parametrize("kind", FailureClass)
def test_a_class_has_all_that_is_asked_of_it(kind):
    lacks = []
    facts = FAILURE_CLASSES.get(kind)
    if facts is None:
        pytest.fail(f"{kind.value} has no row in FAILURE_CLASSES (core/failures/classes.py)")
    if facts.counter not in AttemptCounts.model_fields:
        lacks.append(f"a field {facts.counter!r} of AttemptCounts (api/status.py)")
    if not any(row.failure_class is kind for row in TABLE):
        lacks.append("a row of TABLE that comes to it (core/failures/table.py), with a recorded pod")
    if not all((*facts.words, facts.happened, facts.advice)):
        lacks.append("words for people")
    assert not lacks, f"{kind.value} lacks {', '.join(lacks)}"


def test_each_class_is_counted_by_itself():
    counters = [facts.counter for facts in FAILURE_CLASSES.values()]
    assert len(set(counters)) == len(counters)
    others = {"succeeded", "failed", "stopped"}
    assert set(AttemptCounts.model_fields) == {*counters, *others}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_costs_what_its_class_says(row):
    facts = FAILURE_CLASSES[row.failure_class]
    assert row.cost.free is facts.free
    assert (row.cost in (Cost.FAIL_CHUNK, Cost.FAIL_JOB)) is facts.final


@pytest.mark.parametrize("kind", FailureClass)
def test_a_class_blames_whom_one_of_its_rows_blames(kind):
    assert FAILURE_CLASSES[kind].blames in {row.blames for row in TABLE if row.failure_class is kind}


@pytest.mark.parametrize("cost", Cost)
def test_every_cost_says_whether_it_is_free(cost):
    assert cost.free is (cost in (Cost.FREE, Cost.BACK_OFF))
