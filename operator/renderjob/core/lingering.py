"""Pods that outlive their renderer: a container beside it runs on. It is told soon, and does not last for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from renderjob.api import EventReason
from renderjob.api.duration import format_duration
from renderjob.words.numbers import named

from .actions import StopReason
from .ending import beside, concluded, rendered, why_it_runs_on
from .inflight import InFlight
from .observed import AttemptObservation
from .resources import template_of
from .work import Work

USUAL: Final = 20
"""Seconds for which a container beside the renderer may run on without a word: it tidies up."""

FOREIGN: Final = 60
"""Seconds after which a pod is given up whose renderer has ended, where only what the manifest does not name runs on
(a proxy that was injected), or the renderer has failed."""

OWN: Final = 1800
"""Seconds for a container that the manifest itself names, where there is no timeouts.chunk: it may have work to do,
such as an upload."""


def conclude_lingering(work: Work) -> None:
    """Take the renderer's end as the attempt's, when its pod should have ended and does not."""
    for attempt in list(work.in_flight.values()):
        seen = work.seen.get(attempt.id)
        since = lingers_since(seen)
        if seen is None or since is None or attempt.stop is not None:
            continue
        until = _until(work, attempt, seen, since)
        if until > work.now:
            work.wakes.append(until)
            if since + timedelta(seconds=USUAL) > work.now:
                work.wakes.append(since + timedelta(seconds=USUAL))
            continue
        if seen.evidence is not None and rendered(seen.evidence):
            # What is left of it is then nobody's, and is stopped as such.
            work.seen = {**work.seen, attempt.id: concluded(replace(seen, finished_at=since, waiting=None))}
        else:
            # No other attempt at these frames begins before its pod is gone.
            work.in_flight[attempt.id] = replace(attempt, stop=StopReason.LINGERED)
        names = ", ".join(c.name for c in beside(seen.evidence)) if seen.evidence else ""
        work.tell(
            EventReason.SIDECAR_ENDED,
            f"{named(attempt.frames.brief())}: container {names} ran on for "
            f"{format_duration((work.now - since).total_seconds())} after the renderer had ended, and is ended with "
            "its pod: make it a native sidecar (one of initContainers, with restartPolicy: Always)",
        )


def lingering(work: Work) -> str:
    """What to tell of attempts whose renderer has ended and whose pods have not; empty while it is nothing unusual."""
    told = []
    for attempt in work.in_flight.values():
        seen = work.seen.get(attempt.id)
        since = lingers_since(seen)
        if seen is None or since is None or since + timedelta(seconds=USUAL) > work.now:
            continue
        left = (_until(work, attempt, seen, since) - work.now).total_seconds()
        ends = f"; it is ended with its pod in {format_duration(max(1, round(left)))}" if left > 0 else ""
        told.append(f"{why_it_runs_on(seen.evidence) if seen.evidence else ''}{ends}")
    return told[0] if told else ""


def lingers_since(seen: AttemptObservation | None) -> datetime | None:
    """When the renderer of an attempt ended whose pod runs on; None for any other."""
    if seen is None or seen.finished or seen.evidence is None or not beside(seen.evidence):
        return None
    render = seen.evidence.render
    return (render.finished_at or seen.started_at or seen.waiting_since) if render is not None else None


def _until(work: Work, attempt: InFlight, seen: AttemptObservation, since: datetime) -> datetime:
    named = {c.name for c in template_of(work.spec, attempt.kind).spec.containers}
    own = seen.evidence is not None and any(c.name in named for c in beside(seen.evidence))
    patient = own and seen.evidence is not None and rendered(seen.evidence)
    chunk = work.spec.timeouts.chunk
    if patient and chunk is None:
        return since + timedelta(seconds=OWN)
    ends = [since + timedelta(seconds=FOREIGN)] if not patient else []
    if chunk is not None and seen.started_at is not None:
        ends.append(seen.started_at + timedelta(seconds=chunk))
    return min(ends, default=since + timedelta(seconds=OWN))
