"""The decision core: what should happen next, from the spec, the status and what is observed, without I/O.

`decide` is pure and total. It is level-triggered: it does not care which event woke it, how often, or whether
events were lost, because all that it needs is in the status (written before anything starts) and in what is
observed now. Each policy is a module of its own; this one says in which order they speak.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from renderjob.api import ConditionType, RenderJobSpec, RenderJobStatus, State
from renderjob.api.status import MAX_IMAGE
from renderjob.planning import layout_of
from renderjob.words.harmless import harmless

from .actions import Start, Stop, StopReason
from .alive import kept_alive
from .bounds import fit, overrun
from .clock import mind_the_clock
from .conditions import SHARED, SLOWED, conditions
from .decision import Decision
from .digest import digest_of
from .edits import edits
from .file_checks import settle_file_checks, start_file_check
from .frametimes import adaptive_size, conclude
from .lingering import conclude_lingering
from .merge_check import merge_edited, settle_check, start_check
from .merging import merged, outdate, settle_merge, start_merge
from .nodes import judge, known_nodes, placed, resting_nodes
from .observed import AttemptObservation, Observed
from .outcome import BLOCKED, Outcome, outcome, result
from .passes import next_pass
from .progress import progress
from .queued import time_in_queue
from .rerender import rerender
from .retention import end_of_retention, surplus, unsettled
from .revisions import record_revision, take_up_revisions
from .sequential import give_up_what_follows
from .settle import settle
from .slowed import slowed
from .starting import starting
from .timeouts import attempt_deadlines, first_looks, job_deadline
from .unreachable import await_unreachable
from .verbs import begin_anew, halted, stop_all
from .verifying import settle_verify, start_verify
from .window import fill
from .work import Work, pack, unpack


def decide(spec: RenderJobSpec, status: RenderJobStatus, observed: Observed, now: datetime) -> Decision:
    """The next step of a job.

    Args:
        spec: what the user asks for.
        status: what was known after the last decision, as it was saved.
        observed: what the executor sees. An attempt in `status.in_flight` that it does not see has not been
            started, or has vanished; either way it is started (again, under the same id).
        now: the time, with a zone.

    Returns:
        The status to save, then the actions to take: in that order, so that an attempt is written down before
        it starts, and its result before what is left of it is removed.
    """
    layout = layout_of(spec, adaptive_size(spec, status))
    work = unpack(
        spec, status, unsettled(status, observed), now, layout=layout, digest=digest_of(spec, status)
    )
    # Times of the status move along with a clock that was set back, before any of them is compared with now.
    mind_the_clock(work)

    # What people want comes before what has ended: an attempt at what is not asked for any more counts for nothing.
    edits(work)
    begin_anew(work)
    rerender(work)
    take_up_revisions(work)

    # What is observed is put right before it is believed: pods that do not end, nodes that are not reached.
    conclude_lingering(work)
    await_unreachable(work)

    # What has ended is counted, chunks first: a verification, a check and a merge speak of frames that were rendered.
    merge_edited(work)
    settle(work)
    settle_verify(work)
    settle_check(work)
    settle_merge(work)
    outdate(work)
    settle_file_checks(work)

    # What follows from that for frames, for the job and for nodes: nothing of it may be started below.
    give_up_what_follows(work)
    overrun(work)
    time_in_queue(work)
    job_deadline(work)
    silent = attempt_deadlines(work)
    judge(work)
    starting(work)
    next_pass(work)

    # What starts. The merge comes first, since it wants all chunks at rest; files are checked after the
    # chunks have started, which need it least while they run.
    reason = halted(work)
    if reason is not None:
        stop_all(work, reason)
    elif not _ended(work):
        start_merge(work)
        fill(work)
        start_verify(work)
        start_check(work)
        start_file_check(work, silent)

    # When to look again at what has just started, what is remembered of it, and that all of it fits into a status.
    first_looks(work)
    record_revision(work)
    fit(work)
    _act(work, observed.attempts)
    return _decision(work, observed.attempts)


def _ended(work: Work) -> bool:
    return work.frames_resolved and merged(work)


def _act(work: Work, attempts: Collection[AttemptObservation]) -> None:
    """Actions that bring what is observed in line with what is in flight."""
    nodes, resting = known_nodes(work), resting_nodes(work)
    for attempt in work.in_flight.values():
        seen = work.seen.get(attempt.id)
        if seen is None:
            work.actions.append(Start(placed(work, attempt, nodes, resting)))
        elif attempt.stop is not None and not seen.finished:
            work.actions.append(Stop(attempt.id, attempt.stop))
    for seen in attempts:
        if seen.id not in work.in_flight and not seen.finished:
            # Nobody wrote it down as in flight: it is left over, and must not write a frame.
            work.actions.append(Stop(seen.id, StopReason.SURPLUS))
    work.actions += surplus(work, attempts)


def _decision(work: Work, attempts: Collection[AttemptObservation]) -> Decision:
    now, before, ends = work.now, work.before, kept_alive(work, outcome(work))
    ends = replace(ends, message=harmless(ends.message), error=harmless(ends.error))
    conclude(work)
    if ends.state.terminal:
        work.draft.completed_at = before.completed_at if before.state is ends.state else now
    else:
        work.draft.completed_at = None
        if before.state.terminal:
            # An edit opened it again: timeouts.job counts from here.
            work.draft.active_since = now
    fields = pack(work) | {
        "id": work.observed.uid,
        "observed_generation": work.observed.generation,
        "created_at": before.created_at or now,
        "helper_image": _helper_image(work, ends),
        "state": ends.state,
        "error": ends.error,
        "progress": progress(work, ends.state),
        "result": result(work, ends.state),
        "conditions": conditions(
            before.conditions, ends, work.observed.generation, now, slowed(work), _shared(work, ends)
        ),
    }
    after = before.model_copy(update=fields)
    if after == before:
        after = before
    else:
        after = after.model_copy(update={"updated_at": now})
        _tell(work, ends)
    wake = end_of_retention(work, attempts) if ends.state.terminal else min(work.wakes, default=None)
    return Decision(tuple(work.actions), after, wake, tuple(work.events))


def _shared(work: Work, ends: Outcome) -> str:
    """What is told of a job that writes; one at its end writes nothing any more."""
    return "" if ends.state.terminal else work.observed.shared


def _helper_image(work: Work, ends: Outcome) -> str:
    """What the executor says; a job at its end is not written again for an operator of another version."""
    before = work.before.helper_image
    ended = ends.state.terminal and ends.state is work.before.state
    image = work.observed.helper_image if len(work.observed.helper_image) <= MAX_IMAGE else ""
    return before if before and ended else image or before


def _tell(work: Work, ends: Outcome) -> None:
    stalled = any(
        c.type is ConditionType.STALLED and c.reason == ends.reason and c.status == "True"
        for c in work.before.conditions
    )
    if ends.stalled and not stalled:
        work.tell(ends.reason, ends.message, warning=True)
    if work.observed.slowed and all(c.type is not ConditionType.SLOWED for c in work.before.conditions):
        work.tell(SLOWED, slowed(work), warning=True)
    alone = all(c.type is not ConditionType.OUTPUT_SHARED for c in work.before.conditions)
    if alone and (shared := _shared(work, ends)):
        work.tell(SHARED, shared, warning=True)
    known = work.before.disk_full or any(c.reason == BLOCKED for c in work.before.conditions)
    if ends.reason == BLOCKED and not known:
        work.tell(BLOCKED, ends.message, warning=True)
    if ends.state is not work.before.state and ends.state not in (
        State.PENDING,
        State.RUNNING,
        State.MERGING,
    ):
        work.tell(ends.reason, ends.message, warning=ends.state is State.FAILED)
