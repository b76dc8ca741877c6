"""A user's own regular expression: its named groups say what a line of their renderer tells."""

import re

from renderjob.progress.costly import explodes
from renderjob.progress.parser import ChunkContext, Update

GROUPS = ("percent", "fraction", "frame", "done", "status", "fail")
LINE_LIMIT = 500  # characters of a line that a user's expression is tried on
PATTERN_LIMIT = 1024  # characters of an expression


class PatternError(ValueError):
    """A pattern that cannot be used; the message says why and what is accepted."""


def check_pattern(expression: str) -> re.Pattern[str]:
    """Return the compiled expression; raise PatternError for one that no line could make progress with."""
    if len(expression) > PATTERN_LIMIT:
        raise PatternError(
            f"The progress pattern has {len(expression)} characters; at most {PATTERN_LIMIT} are accepted."
        )
    try:
        compiled = re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(
            f"The progress pattern {expression!r} is not a regular expression of Python's: {error}."
        ) from error
    if not any(name in compiled.groupindex for name in GROUPS):
        found = ", ".join(compiled.groupindex) or "none"
        accepted = ", ".join(GROUPS)
        raise PatternError(
            f"The progress pattern {expression!r} needs at least one named group of {accepted}, "
            f"as in (?P<percent>[0-9.]+)%; it has {found}."
        )
    if explodes(expression):
        raise PatternError(
            f"The progress pattern {expression!r} repeats a repetition, as (a+)+ does, and could take for "
            "ever on one line; repeat once, or give the inner repetition an upper bound."
        )
    return compiled


class PatternParser:
    """Searches each line for the expression; a group that is absent or not a number tells nothing."""

    def __init__(self, context: ChunkContext, pattern: re.Pattern[str]) -> None:
        self._context = context
        self._search = pattern.search
        self._names = tuple(name for name in GROUPS if name in pattern.groupindex)

    def feed(self, line: str) -> Update | None:
        """Return what the first match in the line told."""
        match = self._search(line, 0, LINE_LIMIT)
        if match is None:
            return None
        groups = {name: match[name] for name in self._names if match[name] is not None}
        done = _frame(groups.get("done"))
        update = Update(
            fraction=_fraction(groups),
            frames_done=() if done is None else (done,),
            current_frame=_frame(groups.get("frame")),
            status=groups.get("status") or None,
            # A pattern that says "failed" says it by matching, even when the group holds no word.
            fail=(groups["fail"].strip() or line.strip()) if "fail" in groups else None,
        )
        return None if update == Update() else update


def _fraction(groups: dict[str, str]) -> float | None:
    for name, whole in (("fraction", 1.0), ("percent", 100.0)):
        if name in groups:
            try:
                part = float(groups[name]) / whole
            except ValueError:
                continue
            if 0 <= part <= 1:
                return part
    return None


def _frame(text: str | None) -> int | None:
    try:
        return None if text is None or len(text) > 12 else int(text)
    except ValueError:
        return None
