"""A user's own regular expression: its named groups say what is read from a line of their renderer."""

from renderjob.progress.expression import Expression, ExpressionError, capturing
from renderjob.progress.parser import ChunkContext, Update

GROUPS = ("percent", "fraction", "frame", "done", "status", "fail")


class PatternError(ValueError):
    """A pattern that cannot be used; the message says why and what is accepted."""


def check_pattern(text: str) -> Expression:
    """Return the compiled expression; raise PatternError for one that no line could make progress with."""
    shown = text if len(text) <= 80 else f"{text[:80]}…"
    try:
        pattern = capturing(text)
    except ExpressionError as error:
        raise PatternError(f"The progress pattern {shown!r} {error}.") from None
    if not any(name in GROUPS for name in pattern.names):
        found = ", ".join(pattern.names) or "none"
        accepted = ", ".join(GROUPS)
        raise PatternError(
            f"The progress pattern {shown!r} needs at least one named group of {accepted}, "
            f"as in (?P<percent>[0-9.]+)%; it has {found}."
        )
    return pattern


class PatternParser:
    """Searches each line for the expression; a group that is absent or not a number says nothing."""

    def __init__(self, context: ChunkContext, pattern: Expression) -> None:
        self._context = context
        self._groups = pattern.groups

    def feed(self, line: str) -> Update | None:
        """Return what the first match in the line says."""
        groups = self._groups(line)
        if groups is None:
            return None
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
