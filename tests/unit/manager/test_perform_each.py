"""Actions of a decision: each is tried, whatever becomes of the others."""

from __future__ import annotations

import pytest

from renderjob.core import Forget
from renderjob.executors.each import FEW, perform_each
from renderjob.manager import ExecutorError


def forgets(count: int) -> list[Forget]:
    return [Forget(id_, failed=False) for id_ in range(count)]


@pytest.mark.parametrize("count", [FEW, FEW + 1])
async def test_one_that_does_not_work_now_holds_up_no_other(count):
    done = []

    async def do(action):
        if action.id in (0, 3):
            raise ExecutorError(f"not now: {action.id}")
        done.append(action.id)

    with pytest.raises(ExecutorError, match="not now: 0"):
        await perform_each(do, forgets(count))
    assert done == [id_ for id_ in range(count) if id_ not in (0, 3)]


@pytest.mark.parametrize("count", [FEW, FEW + 1])
async def test_a_defect_is_not_hidden_by_what_does_not_work_now(count):
    done = []

    async def do(action):
        if action.id == 0:
            raise ExecutorError("not now")
        if action.id == 1:
            raise KeyError("a defect")
        done.append(action.id)

    with pytest.raises(KeyError):
        await perform_each(do, forgets(count))
    assert len(done) == count - 2
