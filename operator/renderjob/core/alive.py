"""The invariant of every decision: a job that is not at its end has something in flight, a wake, or a somebody.

A job that has none of the three would never be looked at again. That is a defect of a policy; but whoever waits
for the frames should not have to find it out, so the job is looked at all the same, and says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from renderjob.api import Reason
from renderjob.api.duration import format_duration

from .outcome import Outcome
from .work import Work

REASON = Reason.IDLE

PAUSE = 60.0
"""Seconds until a job is looked at again of which nobody knows what it waits for."""


def kept_alive(work: Work, ends: Outcome) -> Outcome:
    """The outcome; where nothing runs, is due, or is up to somebody, one with a wake that says so."""
    if ends.state.terminal or ends.somebody or ends.stalled or work.in_flight or work.wakes:
        return ends
    work.wakes.append(work.now + timedelta(seconds=PAUSE))
    message = (
        f"{ends.message}; nothing runs, and nothing is known to be waited for, which is a defect of renderjob: "
        f"it looks again every {format_duration(PAUSE)}. An edit or a retry may help"
    )
    return replace(ends, reason=REASON, message=message[:1024], error=message[:1024])
