"""Job-level retries (retries.perJob): a whole pass over what failed, after its chunks used up their own."""

from __future__ import annotations

from renderjob.api import EventReason, FailureClass
from renderjob.frames import EMPTY
from renderjob.words.numbers import named

from .backoff import wait
from .work import Waiting, Work


def next_pass(work: Work) -> None:
    """When nothing else is left to do, what failed waits for another pass, with all its retries."""
    failed = work.failed & work.total
    spent: int = work.draft.passes
    if len(failed) <= work.tolerated or spent >= work.spec.retries.per_job or work.draft.fatal:
        return
    if work.in_flight or work.waiting or work.missing or work.unverified_frames & work.total:
        return
    pause = wait(work.spec.retries.backoff, spent + 1, work.observed.uid, "pass")
    work.failed = EMPTY
    work.waiting = [Waiting(failed, 0, work.now + pause, FailureClass.ERROR)]
    work.draft.passes = spent + 1
    work.tell(
        EventReason.PASS_STARTED,
        f"pass {spent + 1} of {work.spec.retries.per_job} over {named(failed.brief())}",
    )
