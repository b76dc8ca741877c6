"""Which part of the resource a schema belongs to: what is validated and defaulted differs."""

from __future__ import annotations

from enum import Enum


class Part(Enum):
    """Who writes a part of the resource."""

    WRITTEN = "written"
    """By a user, in our fields: validated, and scalar defaults are shown."""
    FOREIGN = "foreign"
    """By a user, in fields of Kubernetes' own: validated as far as we read them, nothing is defaulted.
    A default such as `value: ""` beside `valueFrom` would break a pod."""
    STATUS = "status"
    """By the operator: neither. A status that the API server refuses would stop the job, and an operator that
    is newer than its CRD must still be able to write."""
