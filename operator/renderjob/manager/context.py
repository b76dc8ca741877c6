"""What is being worked on, for log lines."""

from __future__ import annotations

from contextvars import ContextVar

current_job: ContextVar[str] = ContextVar("current_job", default="")
"""namespace/name of the job that this task reconciles; empty outside of a reconciliation."""
