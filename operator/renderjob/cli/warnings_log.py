"""What the library logs, as plain words on stderr."""

from __future__ import annotations

import logging
import sys

HANDLER = "renderjob-cli"


class _Words(logging.Handler):
    """Prints to whatever stderr is at the moment: a live view puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = "error" if record.levelno >= logging.ERROR else "warning"
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        print(f"{kind}: {text}", file=sys.stderr)


def show_warnings() -> None:
    """Send warnings and errors of the library to stderr."""
    log = logging.getLogger("renderjob")
    if not any(handler.name == HANDLER for handler in log.handlers):
        handler = _Words(logging.WARNING)
        handler.name = HANDLER
        log.addHandler(handler)
    log.propagate = False
