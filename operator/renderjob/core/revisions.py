"""Frames that are rendered again outdate what other jobs made from them (spec.dependsOn).

A job whose frames stop to count as rendered (an edit, `spec.rerender`, files that were lost, frames that could not be
merged) writes that down as a revision: a number and the frames. A job that depends on it remembers the last number
that it has taken up; what it made from frames of later ones is made again. So nothing is missed, however long it was
not reconciled: a few revisions are remembered, older ones together, and what is remembered may be more than what was
rendered again, never less.
"""

from __future__ import annotations

from renderjob.api import EventReason, InputStatus, OnEdit, Revision
from renderjob.api.depends import Wanted
from renderjob.api.status import MAX_REVISED, MAX_REVISIONS
from renderjob.frames import EMPTY, FrameSet
from renderjob.words.numbers import named

from . import memo
from .observed import Dependency
from .rerender import take_back, whole_chunks
from .work import Work


def record_revision(work: Work) -> None:
    """Write down which frames counted as rendered before this decision and do not any more."""
    back = (memo.read(work.before.frames.completed) & work.total) - work.completed
    if not back:
        return
    known: list[Revision] = list(work.draft.revisions)
    number = known[-1].number + 1 if known else 1
    known.append(Revision(number=number, frames=_text(back)))
    if len(known) > MAX_REVISIONS:
        oldest, next_one = known[0], known[1]
        together = memo.read(oldest.frames) | memo.read(next_one.frames)
        known[:2] = [Revision(number=next_one.number, frames=_text(together))]
    work.draft.revisions = known


def take_up_revisions(work: Work) -> None:
    """What was made from frames of other jobs that are rendered again is made again, too."""
    if not work.spec.depends_on:
        if work.draft.inputs:
            work.draft.inputs = []
        return
    known = {each.name: each for each in work.before.inputs}
    others = {other.name: other for other in work.observed.dependencies}
    inputs = []
    for wanted in work.spec.depends_on:
        other, before = others.get(wanted.name), known.get(wanted.name)
        if other is None:
            inputs += [before] if before is not None else []
            continue
        inputs.append(InputStatus(name=other.name, id=other.uid[:64], revision=_latest(other)))
        outdated = _revised(other, before)
        if outdated:
            _outdated(work, other.name, work.total if wanted.frames is Wanted.ALL else outdated & work.total)
    if inputs != work.before.inputs:
        work.draft.inputs = inputs


def _latest(other: Dependency) -> int:
    return max((number for number, _ in other.revisions), default=0)


def _revised(other: Dependency, before: InputStatus | None) -> FrameSet:
    """Frames of another job that were rendered again since this one last took that up."""
    if before is None:
        return EMPTY
    if before.id != other.uid[:64]:
        # Deleted and made anew: it renders all of its frames once more.
        return other.total
    return FrameSet.union_of(frames for number, frames in other.revisions if number > before.revision)


def _outdated(work: Work, name: str, frames: FrameSet) -> None:
    made = work.completed | work.failed | work.unverified_frames | work.waiting_frames | work.active_frames
    frames = whole_chunks(work, frames & made) & work.total
    if not frames:
        return
    which, why = named(frames.brief(), ("is", "are")), f"inputs of {name} are rendered again"
    if work.spec.on_edit is OnEdit.KEEP:
        work.tell(EventReason.INPUTS_CHANGED, f"{which} kept, though {why} (onEdit: Keep)", warning=True)
        return
    work.tell(EventReason.INPUTS_CHANGED, f"{which} made again, since {why}")
    take_back(work, frames)


def _text(frames: FrameSet) -> str:
    text = frames.text_within(MAX_REVISED)
    return text if text is not None else str(FrameSet.range(frames.first, frames.last))
