"""Tells the regular expressions whose cost explodes: an unbounded repetition inside another one.

Python's ``re`` cannot be given a time limit, and a user's expression runs in the operator's own process. The
test is on the safe side: it also refuses a few nested repetitions that would be harmless.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

MANY = 64  # a repetition that may go on for longer than this counts as unbounded


def explodes(expression: str) -> bool:
    """Whether a valid expression has a repetition without a small bound inside another such one."""
    # The parse tree is the one thing that ``re`` knows about an expression and does not offer publicly.
    return _nested(import_module("re._parser").parse(expression), inside=False)


def _nested(tree: Iterable[tuple[Any, Any]], *, inside: bool) -> bool:
    for operation, argument in tree:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = argument
            unbounded = most > MANY
            if (inside and unbounded) or _nested(body, inside=inside or unbounded):
                return True
        elif any(_nested(body, inside=inside) for body in _bodies(name, argument)):
            return True
    return False


def _bodies(name: str, argument: Any) -> list[Any]:
    if name == "BRANCH":
        return list(argument[1])
    if name in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
        return [argument[-1]]
    if name == "ATOMIC_GROUP":
        return [argument]
    if name == "POSSESSIVE_REPEAT":
        return [argument[2]]
    if name == "GROUPREF_EXISTS":
        return [body for body in argument[1:] if body is not None]
    return []
