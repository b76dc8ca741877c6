"""The actions of a decision: done side by side, so many at a time, each tried whatever becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

from renderjob.api import RenderJob
from renderjob.core import Action, Start

from .executor import ExecutorError, JobExecutor

SIDE_BY_SIDE = 32
"""Actions of one job that are under way at a time."""

FEW = 8
"""So many actions are done one after the other."""

AT_ONCE = 200
"""Actions of one decision; for the rest the job queues up again, behind the other jobs."""

PATIENCE = 1.0
"""Seconds for which other jobs wait while one acts; then it queues up again, behind them, for the rest."""


async def perform(
    executor: JobExecutor, job: RenderJob, actions: Sequence[Action], others_wait: Callable[[], bool]
) -> tuple[bool, list[ExecutorError]]:
    """Have an executor act.

    Args:
        executor: what acts.
        job: whose actions these are.
        actions: what the decision asks for.
        others_wait: whether other jobs wait for a turn.

    Returns:
        Whether all of it was tried, and what went wrong.
    """
    # What makes room goes first.
    actions = sorted(actions, key=lambda action: isinstance(action, Start))
    complete = len(actions) <= AT_ONCE
    errors: list[ExecutorError] = []
    since = asyncio.get_running_loop().time()
    for some in _batches(actions[:AT_ONCE], SIDE_BY_SIDE):
        if others_wait() and asyncio.get_running_loop().time() - since > PATIENCE:
            return False, errors
        for result in await _together(partial(executor.perform, job), some):
            if isinstance(result, ExecutorError):
                errors.append(result)
            elif result is not None:
                raise result
    return complete, errors


def _batches(actions: Sequence[Action], size: int) -> Iterator[Sequence[Action]]:
    for start in range(0, len(actions), size):
        yield actions[start : start + size]


async def _together(
    do: Callable[[Action], Coroutine[Any, Any, None]], actions: Sequence[Action]
) -> Sequence[BaseException | None]:
    """Do all of it side by side; a few things one after the other, which costs no tasks."""
    if len(actions) > FEW:
        results: list[BaseException | None] = await asyncio.gather(*map(do, actions), return_exceptions=True)
        return results
    done: list[BaseException | None] = []
    for action in actions:
        try:
            await do(action)
        except Exception as error:
            done.append(error)
        else:
            done.append(None)
    return done
