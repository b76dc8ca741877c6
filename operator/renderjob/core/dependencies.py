"""Frames that are made from those of other jobs (spec.dependsOn): which may be rendered now, and what is waited for."""

from __future__ import annotations

from renderjob.api import DependencySpec, State, Wanted
from renderjob.frames import EMPTY, FrameSet
from renderjob.words.numbers import agreeing, count

from .observed import Dependency
from .work import Work

_AT_AN_END = (State.COMPLETED, State.FAILED, State.CANCELLED)


def ready(work: Work) -> FrameSet:
    """The frames of all cells that may be started: of what is missing in them, nothing is waited for.

    A cell is started whole, not frame by frame as the other job gets on: every start of a renderer costs.
    """
    held = _held(work)
    if not held:
        return work.total
    return work.layout.whole(work.total - (held - work.completed))


def waits_for(work: Work) -> tuple[str, bool]:
    """What keeps all that is missing from being started, in words, and whether it may be for ever.

    Empty where something may be started, or runs, or nothing is missing.
    """
    if not work.spec.depends_on or work.in_flight or not work.missing:
        return "", False
    if not work.missing.isdisjoint(ready(work)):
        return "", False
    words, stuck = [], False
    for wanted in work.spec.depends_on:
        held = _held_by(work, wanted) & work.missing
        if held:
            sentence, ended = _sentence(work, wanted, held)
            words.append(sentence)
            stuck = stuck or ended
    return "; ".join(words)[:900], stuck


def _held(work: Work) -> FrameSet:
    return FrameSet.union_of(_held_by(work, wanted) for wanted in work.spec.depends_on)


def _held_by(work: Work, wanted: DependencySpec) -> FrameSet:
    """Frames that may not be rendered yet."""
    other = _seen(work, wanted)
    if other is None:
        return work.total
    if wanted.frames is Wanted.ALL:
        return EMPTY if other.state is State.COMPLETED else work.total
    return work.total - other.completed


def _seen(work: Work, wanted: DependencySpec) -> Dependency | None:
    return next((other for other in work.observed.dependencies if other.name == wanted.name), None)


def _sentence(work: Work, wanted: DependencySpec, held: FrameSet) -> tuple[str, bool]:
    other = _seen(work, wanted)
    if other is None:
        return f"there is no RenderJob {wanted.name} in this namespace yet (spec.dependsOn)", True
    state = f"{other.name} is {other.state.value}, with {len(other.completed & other.total)} of " + count(
        len(other.total), "frame"
    )
    if wanted.frames is Wanted.ALL:
        return f"waits for {wanted.name} to be Completed: {state}", other.state in _AT_AN_END
    never = held - other.total
    if never:
        noun = agreeing(str(never), "frame", "frames")
        return (
            f"{noun} {never.brief(60)} will not be rendered by {wanted.name}, which does not ask for them",
            True,
        )
    noun = agreeing(str(held), "frame", "frames")
    return f"waits for {noun} {held.brief(60)} of {wanted.name}: {state}", other.state in _AT_AN_END
