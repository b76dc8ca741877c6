"""Durations as Kubernetes writes them: `10s`, `5m`, `1h30m`, `500ms`; in Python a number of seconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PATTERN = r"^(0|([0-9]+(\.[0-9]+)?(d|h|m|s|ms))+)$"
ACCEPTED = "a duration such as 500ms, 10s, 5m, 1h30m or 2d"

MOST = 3650 * 86400.0
"""Seconds; the longest duration. A date that far away can still be told."""

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|d|h|m|s)")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse_duration(value: object) -> float:
    """Seconds of a duration string, in whole milliseconds; a float passes through, so that a parsed value may be
    given again.

    Raises:
        ValueError: anything else, or more than ten years, with what is accepted.
    """
    if isinstance(value, float):
        return value
    if not isinstance(value, str) or not re.fullmatch(PATTERN, value):
        raise ValueError(f"must be {ACCEPTED}")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value))
    if seconds > MOST:
        raise ValueError(f"must be {ACCEPTED}, and at most {MOST / _SECONDS['d']:.0f}d")
    return round(seconds, 3)


def format_duration(seconds: float) -> str:
    """The shortest exact duration string for a number of seconds, down to the millisecond."""
    milliseconds = round(seconds * 1000)
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    whole, text = milliseconds // 1000, ""
    for unit, length in (("h", 3600), ("m", 60), ("s", 1)):
        count, whole = divmod(whole, length)
        if count:
            text += f"{count}{unit}"
    return text or "0s"


def short_duration(seconds: float) -> str:
    """A length of time for a person, in two units at most: `42s`, `6m`, `1h05m`, `2d3h`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02}m" if minutes else f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours}h" if hours else f"{days}d"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "maxLength": 32}),
]
"""Seconds in Python, a duration string on the wire."""
