"""Log lines of the operator: JSON or text, each with the RenderJob that it is about."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

from renderjob.manager import current_job

from .settings import LogFormat

_TEXT = "%(asctime)s %(levelname)-7s %(name)s %(job)s%(message)s"
_QUIET = {"kopf": logging.WARNING, "aiohttp.access": logging.WARNING, "asyncio": logging.WARNING}


class _WithJob(logging.Filter):
    """Adds the RenderJob that is being worked on."""

    def __init__(self, *, bare: bool) -> None:
        super().__init__()
        self._bare = bare

    def filter(self, record: logging.LogRecord) -> bool:
        key = current_job.get()
        record.job = key if self._bare else (f"[{key}] " if key else "")
        return True


def configure_logs(form: LogFormat, level: str) -> None:
    """Send log lines to stderr in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_WithJob(bare=form is LogFormat.JSON))
    if form is LogFormat.JSON:
        fields = ["timestamp", "levelname", "name", "job", "message"]
        handler.setFormatter(
            JsonFormatter(fields, rename_fields={"levelname": "level", "name": "logger"}, timestamp=True)
        )
    else:
        handler.setFormatter(logging.Formatter(_TEXT))
    # The command line had it say warnings in plain words.
    ours = logging.getLogger("renderjob")
    ours.handlers.clear()
    ours.propagate = True
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, logging.getLogger().level))
