"""`spec.timeouts`: how long things may take."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, model_validator

from .base import ApiModel, cel
from .duration import Duration

DEFAULT_START = 1800.0

LIMITS = ("chunk", "stall", "job", "start")
"""The timeouts that stop something; one of 0s would stop it at once."""


def _above_zero(name: str) -> str:
    # Of a pod that can't start nobody hears otherwise, so that there is a limit where none is given.
    instead = (
        "leave it out for 30m, or write as much as 3650d" if name == "start" else "leave it out for no limit"
    )
    return f"must be more than 0s; {instead}"


class TimeoutsSpec(ApiModel):
    """How long things may take; absent means for ever, but for `start`."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            *(
                (f"!has(self.{name}) || self.{name}.matches('[1-9]')", f"{name} {_above_zero(name)}")
                for name in LIMITS
            )
        )
    )

    chunk: Duration | None = None
    """One attempt at a chunk; a longer one is stopped and counts as a failure."""
    stall: Duration | None = None
    """No frame, no percent, no output and, where output.file is set, no file for this long: the attempt is stopped and
    counts as a failure. In a cluster a pod looks at the files first."""
    job: Duration | None = None
    """The job, from its start or its last resume or retry; then it fails. Time in which all of it waits in a queue,
    such as Kueue's, does not count."""
    start: Duration = DEFAULT_START
    """A pod that can't start as the manifest says (an image that can't be pulled, a secret that is missing, no
    node that fits) fails the job after this long. Waiting for room, or for a queue, does not count, and once a renderer
    of this template has run, no more does what its nodes lack: they may return, as those of a spot pool do."""
    minimum: Duration | None = None
    """An attempt that succeeds faster than this has rendered nothing: it counts as a failure."""

    @model_validator(mode="after")
    def _limits_are_above_zero(self) -> Self:
        for name in LIMITS:
            if getattr(self, name) == 0:
                raise ValueError(f"{name}: {_above_zero(name)}")
        return self
