"""What is kept of attempts that have ended: the newest of the failed ones, for a person to inspect, for a while.

An attempt is observed until it is forgotten. Once its end is in the status nothing but this reads it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from renderjob.api import RenderJobStatus

from .actions import Forget
from .inflight import parse
from .observed import AttemptObservation, Observed, Phase
from .work import Work


def unsettled(status: RenderJobStatus, observed: Observed) -> Observed:
    """What is observed, without attempts whose end is in the status already."""
    if not any(seen.finished for seen in observed.attempts):
        return observed
    in_flight = {parse(text).id for text in status.in_flight}
    attempts = tuple(seen for seen in observed.attempts if seen.id in in_flight or not seen.finished)
    return replace(observed, attempts=attempts)


def surplus(work: Work, attempts: Collection[AttemptObservation]) -> list[Forget]:
    """Of all attempts that are observed, those that have ended and are not kept."""
    ended = _ended(work, attempts)
    kept = _kept(work, ended)
    return [Forget(seen.id, failed=_failed(seen)) for seen in ended if seen.id not in kept]


def end_of_retention(work: Work, attempts: Collection[AttemptObservation]) -> datetime | None:
    """When what is kept of a job that is at its end is removed; None: nothing is kept, or it stays."""
    return _end(work, work.draft.completed_at) if _kept(work, _ended(work, attempts)) else None


def _kept(work: Work, ended: Collection[AttemptObservation]) -> Collection[int]:
    end = _end(work, work.before.completed_at)
    if end is not None and end <= work.now:
        return ()
    failed = sorted((seen.id for seen in ended if _failed(seen)), reverse=True)
    return failed[: work.spec.cleanup.keep_failed_chunks]


def _ended(work: Work, attempts: Collection[AttemptObservation]) -> list[AttemptObservation]:
    return [seen for seen in attempts if seen.finished and seen.id not in work.in_flight]


def _failed(seen: AttemptObservation) -> bool:
    return seen.phase is not Phase.SUCCEEDED


def _end(work: Work, completed_at: datetime | None) -> datetime | None:
    if completed_at is None or work.observed.keeps_logs:
        return None
    return completed_at + timedelta(seconds=work.spec.cleanup.ttl_seconds_after_finished)
