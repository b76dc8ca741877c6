"""The actions of a decision: handed to the executor in parts, between which other jobs have their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from renderjob.api import RenderJob
from renderjob.core import Action, Start

from .executor import ExecutorError, JobExecutor

PART = 32
"""Actions of one job that are under way at a time."""

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
    for start in range(0, min(len(actions), AT_ONCE), PART):
        if others_wait() and asyncio.get_running_loop().time() - since > PATIENCE:
            return False, errors
        try:
            await executor.perform(job, actions[start : min(start + PART, AT_ONCE)])
        except ExecutorError as error:
            errors.append(error)
    return complete, errors
