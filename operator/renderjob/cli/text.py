"""Numbers and ranges in the words that a person reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TextIO

from renderjob.words.harmless import harmless
from renderjob.words.numbers import count, named

__all__ = ["age", "clock", "count", "named", "per_second", "printable", "say", "short_time", "shortened"]


def say(text: object, *, file: TextIO | None = None, end: str = "\n", flush: bool = False) -> None:
    """Print for a person: all that commands print goes through here, but for logs and pictures."""
    print(harmless(str(text)), file=file, end=end, flush=flush)


def short_time(seconds: float) -> str:
    """A time as kubectl writes an age: 45s, 12m, 3h5m, 2d4h."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 10:
        rest = whole % 60
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if days < 2:
        rest = minutes % 60
        return f"{hours}h{rest}m" if rest and hours < 10 else f"{hours}h"
    rest = hours % 24
    return f"{days}d{rest}h" if rest and days < 10 else f"{days}d"


def clock(seconds: float) -> str:
    """A running time: 0:07, 12:40, 1:02:03."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def age(since: datetime | None, until: datetime | None = None) -> str:
    """How long ago a moment was; empty when there is none."""
    if since is None:
        return ""
    return short_time(((until or datetime.now(UTC)) - since).total_seconds())


def per_second(rate: float) -> str:
    """Frames a second, or a minute when that is the better number."""
    if rate >= 10:
        return f"{rate:.0f} fps"
    if rate >= 0.1:
        return f"{rate:.2g} fps"
    return f"{rate * 60:.2g} frames/min"


def shortened(text: str, most: int) -> str:
    """`text`, cut with an ellipsis when it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: max(0, most - 1)]}…"


def printable(text: str) -> str:
    """`text` with control characters replaced, so that a renderer's words can't steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
