"""`spec.dependsOn`: other RenderJobs whose frames this one is made from."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import ApiModel


class Wanted(StrEnum):
    """Which frames of the other job have to be there before a frame of this one is rendered."""

    SAME = "Same"
    ALL = "All"


class DependencySpec(ApiModel):
    """Another RenderJob whose frames this one is made from: a comp of renders, a film of shots."""

    name: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
    """A RenderJob of the same namespace."""
    # No default of the API server's: in a list it would make every `kubectl apply` an edit.
    frames: Wanted | None = None
    """Same, or left out: a chunk starts when the other job has rendered the frames of the same numbers. All: nothing
    starts before the other job is Completed. Frames of the other job that are rendered again (an edit, a rerender,
    lost files) outdate what was made from them: it is made again, too, unless spec.onEdit is Keep."""
