"""What the library logs, as plain words on stderr."""

from __future__ import annotations

import logging
import sys

from .text import say

HANDLER = "renderjob-cli"

_LISTENING = "renderjob.kube.informer"
"""Who listens to a cluster, for ever: what it says of a connection that was cut is mended a moment later."""
_MOMENT = 5.0
"""Seconds of an outage that nobody needs to hear of."""
_OVER = 60.0
"""Seconds without a complaint after which an outage is over: the pauses between tries are shorter."""


class _Outages(logging.Filter):
    """Tells of a cluster that is out of reach when that has lasted, and then in a user's words."""

    def __init__(self) -> None:
        super().__init__()
        self._since = self._last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to tell of it."""
        if record.name != _LISTENING or record.levelno != logging.WARNING:
            return True
        if record.created - self._last > _OVER:
            self._since = record.created
        self._last = record.created
        if record.created - self._since < _MOMENT:
            return False
        record.msg = f"the cluster is out of reach, tried again: {record.getMessage()}"
        record.args = ()
        return True


class _Words(logging.Handler):
    """Prints to whatever stderr is at the moment: a live view puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = "error" if record.levelno >= logging.ERROR else "warning"
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        say(f"{kind}: {text}", file=sys.stderr)


def show_warnings() -> None:
    """Send warnings and errors of the library to stderr."""
    log = logging.getLogger("renderjob")
    if not any(handler.name == HANDLER for handler in log.handlers):
        handler = _Words(logging.WARNING)
        handler.name = HANDLER
        handler.addFilter(_Outages())
        log.addHandler(handler)
    log.propagate = False
