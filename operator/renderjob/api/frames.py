"""`spec.frames`: a frame expression, checked when a manifest is read."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from renderjob.frames import FrameSet, parse_expression

MAX_FRAMES = 1_000_000
"""Frames in one RenderJob; more is refused."""

MAX_EXPRESSION = 4096
"""Characters of a frame expression."""

# The outer form only: what a schema can tell. fileseq judges the rest.
PATTERN = r"^-?[0-9][0-9xy:, \-]*$"


@lru_cache(maxsize=4096)
def frames_of(expression: str) -> FrameSet:
    """The frames that an expression names; cached, since every decision asks.

    Raises:
        FrameExpressionError: with what was found and what is accepted.
    """
    return parse_expression(expression, MAX_FRAMES)


def _checked(expression: str) -> str:
    frames_of(expression)
    return expression


FrameExpression = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_EXPRESSION, "pattern": PATTERN}),
]
"""A frame expression such as `1-240`, `1-100x2` or `1-10,20`."""
