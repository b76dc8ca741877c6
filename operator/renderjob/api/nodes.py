"""`spec.nodes`: when a node is avoided."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import ApiModel
from .duration import Duration


class NodesSpec(ApiModel):
    """When a node is avoided. A local run has one node and avoids none."""

    avoid_after: Annotated[int, Field(ge=1, le=1000)] = 2
    """Failures of this job on a node after which it is avoided."""
    forgive_after: Duration = 3600.0
    """How long a node is avoided."""
