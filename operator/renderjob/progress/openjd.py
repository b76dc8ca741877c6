"""Open Job Description's messages: ``openjd_progress``, ``openjd_status``, ``openjd_fail``.

Source: the Open Job Description specification, "How Jobs Are Run", stdout/stderr messages. A message is a
whole line on standard output that starts with its token, a colon and one space; progress is a percentage
from 0 to 100.
"""

from renderjob.progress.parser import ChunkContext, Update


class OpenJDParser:
    """Reads the three messages about progress; the others (environment, log level) are left alone."""

    def __init__(self, context: ChunkContext) -> None:
        del context  # the messages speak of the whole chunk

    def feed(self, line: str) -> Update | None:
        """Return what an ``openjd_`` line says; a progress outside 0 to 100 says nothing."""
        if not line.startswith("openjd_"):
            return None
        kind, colon, message = line.partition(": ")
        if not colon or not message:
            return None
        if kind == "openjd_status":
            return Update(status=message)
        if kind == "openjd_fail":
            return Update(fail=message)
        if kind == "openjd_progress":
            try:
                percent = float(message)
            except ValueError:
                return None
            return Update(fraction=percent / 100) if 0 <= percent <= 100 else None
        return None
