"""The merge: a stage of its own, with retries of its own, once every frame is there."""

from __future__ import annotations

from renderjob.api import EventReason, FailureClass, Reason
from renderjob.frames import EMPTY, FrameSet
from renderjob.planning import Chunk
from renderjob.words.numbers import count

from . import free, memo, requeue
from .actions import Kind, StopReason
from .backoff import wait
from .charge import record_failure
from .digest import merge_digest
from .edits import stop_merge_of_other_frames
from .failures import FAILURE_CLASSES, Cost, Ended, classify
from .inflight import InFlight
from .observed import AttemptObservation, Phase
from .settle import drop
from .splitting import give_up
from .window import launch
from .work import Waiting, Work


def wanted(work: Work) -> str:
    """The digest of the merge that should be there; empty when there is nothing to merge (yet)."""
    if work.spec.merge is None or not work.frames_resolved or not work.total & work.completed:
        return ""
    return merge_digest(work.spec, work.digest, work.total & work.completed, work.total - work.completed)


def merged(work: Work) -> bool:
    """Whether the merge that should be there is."""
    return wanted(work) in ("", work.draft.merge.merged)


def settle_merge(work: Work) -> None:
    """Count a merge that has ended."""
    for attempt in [a for a in work.in_flight.values() if a.kind is Kind.MERGE]:
        seen = work.seen.get(attempt.id)
        if seen is None:
            if attempt.stop is not None:
                drop(work, attempt)
        elif seen.finished:
            del work.in_flight[attempt.id]
            _settle_one(work, attempt, seen)


def _settle_one(work: Work, attempt: InFlight, seen: AttemptObservation) -> None:
    # How fast a merge may be is not for timeouts.minimum to say.
    verdict = None if seen.phase is Phase.SUCCEEDED else classify(Ended(attempt, seen, work.spec))
    state = work.draft.merge
    if attempt.stop is StopReason.EDIT or (verdict and attempt.stop is not None and attempt.stop.free):
        return
    if verdict is None:
        work.draft.merge = state.model_copy(
            update={"merged": attempt.digest, "not_before": None, "attempts": 0, "free": 0}
        )
        note = f"; {seen.answer[:400]}" if seen.answer else ""
        work.tell(EventReason.MERGED, f"the merge succeeded{note}")
        return
    if (waits := free.stage(work, "merge", state, verdict, seen.node)) is not None:
        work.draft.merge = waits
        return
    failed = state.attempts + 1
    retries = work.spec.merge.retries if work.spec.merge else 0
    if seen.bad & work.completed:
        work.draft.merge = state.model_copy(update={"attempts": failed, "not_before": None})
        render_again(work, attempt, seen, seen.answer or verdict.text, final=failed > retries)
        return
    pause = wait(work.spec.retries.backoff, failed, work.observed.uid, "merge", failed)
    work.draft.merge = state.model_copy(
        update={"attempts": failed, "not_before": work.now + pause, "free": 0}
    )
    final = failed > retries or verdict.cost is Cost.FAIL_JOB or seen.refused
    words = seen.answer or verdict.text
    if not final:  # the last one is told as the job's end
        work.tell(EventReason.MERGE_FAILED, f"attempt {failed}: {words}")
    else:
        times = f"{failed} times" if failed > 1 else "once"
        work.draft.fatal = f"the merge failed {times}; every frame is kept, retry merges again: {words}"[
            :1024
        ]
        work.draft.fatal_reason = Reason.MERGE_FAILED
        work.draft.merge = work.draft.merge.model_copy(
            update={"refused": merge_digest(work.spec, work.digest, EMPTY, EMPTY)}
        )


def render_again(
    work: Work, attempt: InFlight, seen: AttemptObservation, message: str, *, final: bool
) -> None:
    """Frames whose files can't be merged count as rendered no more; they are rendered again, unless `final`.

    That is charged to the merge's retries, not to the frames': these were rendered as far as anybody could tell.
    """
    bad = seen.bad & work.completed
    if work.layout.atomic:
        cells = (work.layout.cell(number) for number in {work.layout.cell_of(f) for f in bad & work.total})
        bad = FrameSet.union_of(cells) & work.completed
    work.completed = work.completed - bad
    work.basis_changed = True
    chunks = work.layout.touched(bad)
    work.counts["succeeded"] = max(0, work.counts["succeeded"] - chunks)
    work.counts["failed"] += chunks
    work.counts[FAILURE_CLASSES[FailureClass.DAMAGED].counter] += chunks
    record_failure(
        work,
        bad,
        FailureClass.DAMAGED,
        message,
        attempt=attempt.number,
        node=seen.node,
        time=seen.finished_at,
        count=chunks,
    )
    if final:
        give_up(work, bad & work.total)
        return
    pause = wait(work.spec.retries.backoff, attempt.number, work.observed.uid, "merge", attempt.number)
    work.waiting.append(Waiting(bad & work.total, 0, work.now + pause, FailureClass.DAMAGED))
    requeue.bound(work)


def outdate(work: Work) -> None:
    """A merged file is never older than its frames: one that was rendered since makes it stale."""
    state = work.draft.merge
    if state.merged and (work.completed - memo.read(work.before.frames.completed)) & work.total:
        work.draft.merge = state.model_copy(update={"merged": ""})


def start_merge(work: Work) -> None:
    """Start the merge when every frame is there, and stop one of frames that are not asked for any more."""
    goal = wanted(work)
    stop_merge_of_other_frames(work, goal)
    if not goal or merged(work) or work.in_flight:
        return
    state = work.draft.merge
    if state.not_before is not None and state.not_before > work.now:
        work.wakes.append(state.not_before)
        return
    launch(
        work,
        Kind.MERGE,
        Chunk(0, work.total & work.completed),
        state.attempts + 1,
        None,
        digest=goal,
    )
    if not state.attempts:
        work.tell(EventReason.MERGING, f"{_there(work)}: the merge starts")


def _there(work: Work) -> str:
    missing = len(work.total - work.completed)
    if not missing:
        return "every frame is there"
    lacks = "one failed and is tolerated" if missing == 1 else f"{missing} failed and are tolerated"
    return f"{len(work.total) - missing} of {count(len(work.total), 'frame')} are there, {lacks}"
