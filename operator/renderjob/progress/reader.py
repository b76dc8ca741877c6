"""Follows one attempt's log, in pieces of any size, and keeps what the parsers make of it."""

import re
from collections import deque
from collections.abc import Sequence

from renderjob.progress.parser import ChunkContext, LineParser, Update

LINE_LIMIT = 8192  # bytes of a line that are read; what is longer is cut
SHOWN_LIMIT = 500  # characters of a line, a status or a failure that are shown to a person
TAIL_LINES = 20
_SLICE = 1 << 16  # bytes worked on at a time, so that one large piece does not become as large a list
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class ProgressReader:
    """The progress of one attempt of a chunk; memory is bounded whatever the log's size.

    ``fraction`` is 0 to 1 and never falls; ``frames_done`` holds only frames of the chunk; ``fail`` is the
    first failure that the renderer reported; ``unsaved`` names the first file that it could not save, and
    ``frames_unsaved`` are the frames of such files; ``movie`` says that finished frames lie in one movie file
    and are lost with the attempt; ``last_line`` is the last line that is not empty.
    """

    def __init__(self, context: ChunkContext, parsers: Sequence[LineParser]) -> None:
        self._context = context
        self._parsers = [parser.feed for parser in parsers]
        self._partial = b""
        self._closed = False
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._raw_status = ""
        self._overwritten = False  # the tail's last line ended in \r: the next one takes its place
        self.fraction = 0.0
        self.frames_done: set[int] = set()
        self.frames_unsaved: set[int] = set()
        self.current_frame: int | None = None
        self.status: str | None = None
        self.fail: str | None = None
        self.unsaved: str | None = None
        self.movie = False

    @property
    def last_line(self) -> str:
        """The last line that is not empty, "" before there is one."""
        return _shown(self._tail[-1]) if self._tail else ""

    @property
    def tail(self) -> list[str]:
        """The last lines, oldest first; of a status line that overwrites itself only the newest state."""
        return [_shown(line) for line in self._tail]

    def feed(self, data: bytes) -> bool:
        """Read a piece of the log; return True when progress, status or failure changed.

        Where the log is cut into pieces makes no difference. Raises ValueError after ``close``.
        """
        if self._closed:
            raise ValueError("The log was closed; a new attempt needs a new reader.")
        changed = False
        for at in range(0, len(data), _SLICE):
            changed |= self._lines(data[at : at + _SLICE])
        return changed

    def skip(self) -> None:
        """What follows is not what comes next in the log: a line that was begun is forgotten."""
        self._partial = b""

    def close(self) -> bool:
        """Read the last line if it has no end; return True when that changed something."""
        self._closed = True
        last, self._partial = self._partial, b""
        if last[-1:].isdigit():
            return False  # it may be cut short: "done 12" would read as frame 1
        return self._line(last) if last else False

    def _lines(self, data: bytes) -> bool:
        changed = False
        rows = data.split(b"\n")
        rows[0] = self._partial + rows[0]
        final = len(rows) - 1
        for number, row in enumerate(rows):
            line = row
            if b"\r" in row:
                *passed, line = row.split(b"\r")
                for each in passed:
                    changed |= self._line(each, overwritten=True)
            if number == final:
                self._partial = line[:LINE_LIMIT]
            else:
                changed |= self._line(line)
        return changed

    def _line(self, raw: bytes, *, overwritten: bool = False) -> bool:
        if not raw:
            if not overwritten:
                self._overwritten = False  # it was \r\n, or a new line was begun
            return False
        line = raw[:LINE_LIMIT].decode("utf-8", "replace")
        if "\x1b" in line:
            line = _COLOURS.sub("", line)
        line = line.rstrip()
        if not line:
            return False
        if self._overwritten:
            self._tail.pop()
        self._tail.append(line)
        self._overwritten = overwritten
        changed = False
        for feed in self._parsers:
            update = feed(line)
            if update is not None:
                changed |= self._take(update)
        return changed

    def _take(self, update: Update) -> bool:
        changed = False
        fraction = self.fraction if update.fraction is None else max(self.fraction, min(update.fraction, 1.0))
        if update.frames_done:
            done = {frame for frame in update.frames_done if frame in self._context}
            done -= self.frames_done | self.frames_unsaved
            if done:
                self.frames_done |= done
                self.movie |= update.movie
                changed = True
                fraction = max(fraction, min(1.0, len(self.frames_done) / self._context.count))
        if update.frames_undone:
            self.frames_unsaved.update(frame for frame in update.frames_undone if frame in self._context)
            changed |= not self.frames_done.isdisjoint(self.frames_unsaved)
            self.frames_done -= self.frames_unsaved
        if fraction > self.fraction:
            self.fraction = fraction
            changed = True
        frame = update.current_frame
        if frame is not None and frame != self.current_frame and frame in self._context:
            self.current_frame = frame
            changed = True
        if update.status and update.status != self._raw_status:
            self._raw_status = update.status
            status = _shown(update.status)
            changed |= status != self.status
            self.status = status
        if update.fail and self.fail is None:
            self.fail = _shown(update.fail)
            changed = True
        if update.unsaved and self.unsaved is None:
            self.unsaved = _shown(update.unsaved)
            changed = True
        return changed


def _shown(text: str) -> str:
    """Return text that is safe to print: of bounded length, without control characters."""
    text = text[:SHOWN_LIMIT]
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)
