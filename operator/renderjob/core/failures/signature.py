"""How an attempt failed, without what differs from time to time: two attempts with the same signature failed alike."""

from __future__ import annotations

import hashlib
import re

from renderjob.api import FailureClass

LENGTH = 8

_VARIES = re.compile(r"0x[0-9a-fA-F]+|[0-9]+|/[^\s:,;'\"]+")
"""Addresses, numbers (frames, lines, times, processes) and paths."""


def signature(failure_class: FailureClass, exit_code: int | None, message: str) -> str:
    """A short digest of the class, the exit code and the message's words."""
    words = _VARIES.sub("#", message)
    return hashlib.sha256(f"{failure_class}/{exit_code}/{words}".encode()).hexdigest()[:LENGTH]
