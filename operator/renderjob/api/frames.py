"""`spec.frames`: a frame expression, checked when a manifest is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from renderjob.frames import FrameExpressionError, FrameSet, parse_expression
from renderjob.primitives import SizedCache

MAX_FRAMES = 1_000_000
"""Frames in one RenderJob; more is refused."""

MAX_EXPRESSION = 4096
"""Characters of a frame expression."""

# The outer form only: what a schema can tell. fileseq judges the rest.
PATTERN = r"^-?[0-9][0-9xy:, \-]*$"


MAX_LISTED = 16 * 1024
"""Characters of the frames as a list of ranges, which is how a status names them; more is refused."""

SAMPLES = 24
"""Moments of a job at which what a list of chunks has rendered by then is looked at."""

_known: SizedCache[str, FrameSet] = SizedCache(16 << 20, lambda text, frames: len(text) + frames.nbytes)


def frames_of(expression: str) -> FrameSet:
    """The frames that an expression names; cached, since every decision asks.

    Raises:
        FrameExpressionError: with what was found and what is accepted.
    """
    known = _known.get(expression)
    return known if known is not None else _known.put(expression, parse_expression(expression, MAX_FRAMES))


def too_scattered(cells: Sequence[FrameSet]) -> int | None:
    """Whether a status could not name what is rendered at some moment of a job that renders these in turn.

    Returns how many of them are rendered then; None when there is no such moment.
    """
    if _rows(cells) * _ROW <= MAX_LISTED:
        return None
    done, at = FrameSet(), 0
    for moment in range(1, SAMPLES + 1):
        upto = len(cells) * moment // SAMPLES
        done, at = FrameSet.union_of((done, *cells[at:upto])), upto
        if done.text_within(MAX_LISTED) is None:
            return upto
    return None


_ROW = 34
"""Characters that a progression takes in a list, at most."""


def _rows(cells: Sequence[FrameSet]) -> int:
    """As how many progressions what is rendered can be written, while disjoint sets are rendered in turn: the most of
    all moments; of very many no more is counted."""
    starts: set[tuple[int, int]] = set()
    ends: set[tuple[int, int]] = set()
    rows = most = 0
    for cell in cells:
        for start, end, step in cell.runs():
            rows += 1 - ((start - step, step) in ends) - ((end + step, step) in starts)
            starts.add((start, step))
            ends.add((end, step))
        most = max(most, rows)
        if most * _ROW > MAX_LISTED:
            break
    return most


def _checked(expression: str) -> str:
    frames = frames_of(expression)
    if frames.text_within(MAX_LISTED) is None:
        raise FrameExpressionError(
            f"names {len(frames)} frames in too many separate ranges ({frames.brief(36)}): listed, they take more "
            f"than {MAX_LISTED} characters, and a status has room for no more; write fewer ranges and steps, or "
            "several RenderJobs"
        )
    return expression


FrameExpression = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_EXPRESSION, "pattern": PATTERN}),
]
"""A frame expression such as `1-240`, `1-100x2` or `1-10,20`."""
