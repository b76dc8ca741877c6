"""`spec.cleanup`: what becomes of finished children."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import ApiModel


class CleanupSpec(ApiModel):
    """What becomes of finished children. The RenderJob itself stays."""

    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=10 * 365 * 86400)] = 86400
    """Children are removed this long after the job ended."""
    keep_failed_chunks: Annotated[int, Field(ge=0, le=100)] = 5
    """So many failed attempts are kept for a look; locally, their logs."""
