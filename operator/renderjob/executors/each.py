"""Actions done side by side, each tried whatever becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from renderjob.core import Action
from renderjob.manager import ExecutorError

FEW = 8
"""So many actions are done one after the other, which costs no tasks."""


async def perform_each(do: Callable[[Action], Coroutine[Any, Any, None]], actions: Sequence[Action]) -> None:
    """Do all of it.

    Raises:
        ExecutorError: something did not work now; the rest was done.
    """
    errors = [error for error in await _results(do, actions) if error is not None]
    for error in errors:
        if not isinstance(error, ExecutorError):
            raise error
    if errors:
        raise errors[0]


async def _results(
    do: Callable[[Action], Coroutine[Any, Any, None]], actions: Sequence[Action]
) -> Sequence[BaseException | None]:
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
