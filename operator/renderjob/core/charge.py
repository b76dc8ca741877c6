"""What a failure costs: a retry, a wait, the chunk, the job, or nothing; and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from renderjob.api import EventReason, Failure, FailureClass
from renderjob.api.status import MAX_CHUNK_NODES, MAX_FAILURES
from renderjob.frames import FrameSet
from renderjob.words.harmless import harmless
from renderjob.words.numbers import named

from . import canary, free, memory, nodes, requeue, starts
from .backoff import wait
from .failures import FAILURE_CLASSES, Blame, Cost, Remedy, Verdict, signature
from .inflight import InFlight
from .observed import AttemptObservation
from .splitting import give_up, is_part, may_split, split
from .unverified import check_since
from .work import Waiting, Work

_LOOK = timedelta(seconds=30)
"""Between two looks at a disk that is full."""

_FAR = 3650
"""Days; what a wait is bounded by, so that no date overflows."""


def charge(
    work: Work,
    attempt: InFlight,
    seen: AttemptObservation,
    rest: FrameSet,
    done: FrameSet,
    verdict: Verdict,
) -> None:
    """What a failure costs.

    Args:
        work: the decision.
        attempt: what failed.
        seen: how it ended.
        rest: its frames that are still asked for and whose files nobody has found.
        done: its frames that are finished, by their files or by what its log says.
        verdict: what its end means.
    """
    verdict = starts.confirmed(work, attempt, seen, verdict)
    why, since = verdict.failure_class, check_since(work, attempt, seen)
    mark = signature(why, seen.exit_code, verdict.compared)
    alike = not done and _deterministic(attempt, seen, verdict, mark)
    if alike:
        verdict = _of_both(verdict, attempt, seen, sure=since is None)
    if seen.disk and work.draft.disk_full and verdict.cost is Cost.BACK_OFF:
        pass  # it is known, and every look at the disk until there is room would say it again
    elif verdict.cost.free:
        _record(work, attempt, seen, rest, verdict)
    else:
        tell_failure(work, attempt, seen, rest, verdict)
    match verdict.cost:
        case Cost.FREE:
            _free(work, attempt, seen, rest, done, verdict, since)
            return
        case Cost.BACK_OFF:
            work.count("backed_off")
            back_off(work, disk=seen.disk)
            requeue.again(work, attempt, rest, why, check_since=since, finished=done)
            return
        case Cost.FAIL_CHUNK:
            _last(work, attempt, rest, done, verdict, since, alike=alike)
        case Cost.FAIL_JOB:
            _last(work, attempt, rest, done, verdict, since)
            # By a rule, the words are the renderer's: they do not say why nothing else is rendered.
            rule = "a rule ends the job (retries.rules, FailJob): " if why is FailureClass.ERROR else ""
            work.draft.fatal = f"{rule}{verdict.text}"[:1024]
            work.draft.fatal_reason = why.value
        case Cost.RETRY:
            # Of a part of a chunk that failed for good the frames are to blame.
            if not alike and not is_part(work, attempt) and verdict.blames is not Blame.MANIFEST:
                nodes.blame(work, seen.node, why)
            _retry(work, attempt, seen, rest, done, verdict, mark, since, final=alike)
    free.over(work)
    if verdict.remedy is not Remedy.MEMORY:
        canary.note_failure(work, attempt.number, mark, verdict.text, final=verdict.cost is not Cost.RETRY)


def _free(
    work: Work,
    attempt: InFlight,
    seen: AttemptObservation,
    rest: FrameSet,
    done: FrameSet,
    verdict: Verdict,
    since: datetime | None,
) -> None:
    """Again, for nothing; after a while, and elsewhere if it is the node's fault."""
    work.count(FAILURE_CLASSES[verdict.failure_class].counter)
    # By its files: what a log says of itself must not shorten a pause.
    got_on = len(rest) < len(attempt.frames)
    free.note(work, f"{verdict.failure_class.value}{f' on {seen.node}' if seen.node else ''}: {verdict.text}")
    if verdict.remedy is Remedy.ANOTHER_NODE:
        nodes.rest(work, seen.node)
        attempt = replace(attempt, nodes=tried(attempt, seen.node))
    again = replace(attempt, free=0 if got_on else attempt.free)
    pause = free.pause(work, again, verdict, rest.first) if rest else timedelta()
    requeue.again(
        work,
        replace(again, free=again.free + 1),
        rest,
        verdict.failure_class,
        check_since=since,
        finished=done,
        not_before=work.now + pause,
    )


def tried(attempt: InFlight, node: str) -> tuple[str, ...]:
    """The nodes where attempts at these frames failed, this one last."""
    names = dict.fromkeys((*attempt.nodes, node) if node else attempt.nodes)
    return tuple(names)[-MAX_CHUNK_NODES:]


def _deterministic(attempt: InFlight, seen: AttemptObservation, verdict: Verdict, mark: str) -> bool:
    """The same frames failed the same way on two nodes: on a third they will, too.

    Not where more memory may help; and whoever asks has seen that this attempt finished none of them.
    """
    if verdict.cost is not Cost.RETRY or verdict.remedy is Remedy.MEMORY:
        return False
    elsewhere = bool(seen.node and attempt.nodes) and seen.node not in attempt.nodes
    return elsewhere and attempt.signature == mark


def _of_both(verdict: Verdict, attempt: InFlight, seen: AttemptObservation, *, sure: bool) -> Verdict:
    """The last word on these frames; or the last but one, while files have yet to tell whether it got on."""
    then = "not tried again" if sure else "tried again only if it got on"
    return replace(
        verdict,
        cost=Cost.FAIL_CHUNK if sure else Cost.RETRY,
        message=f"{verdict.message} (the same way on nodes {attempt.nodes[-1]} and {seen.node}: {then})",
    )


def _last(
    work: Work,
    attempt: InFlight,
    rest: FrameSet,
    done: FrameSet,
    verdict: Verdict,
    since: datetime | None,
    *,
    alike: bool = False,
) -> None:
    """No further attempt at these frames together; but where files tell, those that are there count."""
    why, splits = verdict.failure_class, may_split(work, rest, verdict, got_on=bool(done), alike=alike)
    if since is not None:
        spent = max(attempt.number, work.spec.retries.per_chunk + 1)
        size = len(rest) if splits else 0
        work.waiting.append(
            Waiting(
                rest,
                spent,
                work.now,
                why,
                attempt.memory,
                check_since=since,
                finished=done,
                spent=True,
                size=size,
                memories=attempt.memories,
            )
        )
    elif splits or is_part(work, attempt):
        part = is_part(work, attempt)
        had = attempt.memory, attempt.memories
        split(work, rest, why, had=had, got_on=bool(done), part=part)
    else:
        give_up(work, rest)


def _retry(
    work: Work,
    attempt: InFlight,
    seen: AttemptObservation,
    rest: FrameSet,
    done: FrameSet,
    verdict: Verdict,
    mark: str,
    since: datetime | None,
    *,
    final: bool,
) -> None:
    more, beside, raised = attempt.memory, attempt.memories, False
    if verdict.remedy is Remedy.MEMORY and verdict.container:
        beside, raised = memory.more_beside(work, attempt, verdict.container)
    elif verdict.remedy is Remedy.MEMORY:
        more, raised = memory.more(work, attempt, seen.memory or attempt.memory)
    if attempt.number > work.spec.retries.per_chunk and not raised:
        _last(work, attempt, rest, done, verdict, since)
        return
    pause = wait(work.spec.retries.backoff, attempt.number, work.observed.uid, rest.first, attempt.number)
    requeue.later(
        work,
        attempt,
        rest,
        work.now + pause,
        verdict.failure_class,
        memory=more,
        memories=beside,
        counts=not raised,
        nodes=tried(attempt, seen.node),
        signature=mark,
        check_since=since,
        finished=done,
        final=final,
    )


def back_off(work: Work, *, disk: str = "") -> None:
    """The whole job waits for a resource; `disk` is the system's word that this is room for frames."""
    work.draft.disk_full = disk[:512]
    # Several chunks that find no licence at the same time are one shortage.
    until: datetime | None = work.draft.backoff_until
    if until is not None and until > work.now:
        return
    waits = work.draft.backoffs + 1
    pause = wait(work.spec.retries.backoff, waits, work.observed.uid, "backoff")
    if disk and work.observed.looks:
        # Where it is looked at before anything is rendered, that costs nothing.
        pause = min(pause, _LOOK)
    work.draft.backoffs = waits
    work.draft.backoff_until = work.now + min(pause, timedelta(days=_FAR))


def tell_failure(
    work: Work,
    attempt: InFlight,
    seen: AttemptObservation,
    frames: FrameSet,
    verdict: Verdict,
    *,
    note: str = "",
) -> None:
    """An attempt failed: told, and counted as failed, whatever follows from it for these frames."""
    _record(work, attempt, seen, frames, verdict, note)
    work.count("failed")
    work.count(FAILURE_CLASSES[verdict.failure_class].counter)


def _record(
    work: Work,
    attempt: InFlight,
    seen: AttemptObservation,
    frames: FrameSet,
    verdict: Verdict,
    note: str = "",
) -> None:
    record_failure(
        work,
        frames,
        verdict.failure_class,
        f"{verdict.text[:400]}; {note}" if note else verdict.text,
        attempt=attempt.number,
        node=seen.node,
        exit_code=seen.exit_code,
        time=seen.finished_at,
        warning=verdict.cost is not Cost.FREE,
    )


def record_failure(
    work: Work,
    frames: FrameSet,
    why: FailureClass,
    message: str,
    *,
    attempt: int,
    node: str,
    exit_code: int | None = None,
    time: datetime | None = None,
    warning: bool = True,
    count: int = 1,
) -> None:
    """Among the last ten, and as an event, which tells of `count` attempts. `time` is now where nobody says."""
    # Not validated: all of it is ours, and cut to what its field takes.
    failure = Failure.model_construct(
        frames=shortened(frames),
        attempt=attempt,
        node=node[:253],
        failure_class=why,
        exit_code=exit_code,
        message=harmless(message)[:512],
        time=time or work.now,
    )
    work.failures = [*work.failures[1 - MAX_FAILURES :], failure]
    work.tell(
        EventReason.CHUNK_FAILED if warning else EventReason.CHUNK_DISRUPTED,
        f"{named(failure.frames)}, attempt {attempt}: {why.value}: {failure.message}",
        failure_class=why,
        count=count,
    )


def shortened(frames: FrameSet, most: int = 250) -> str:
    """A range string that fits the field of a failure."""
    return frames.brief(most)
