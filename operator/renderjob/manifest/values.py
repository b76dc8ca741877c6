"""Paths and values in words: `spec.rules[2].log`, `"many" (a string)`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

Path = tuple[str | int, ...]

LONGEST = 60
"""Characters of a value that are shown."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def dotted(path: Path) -> str:
    """A path as people write it: `spec.retries.rules[2].action`, `metadata.labels["a/b"]`."""
    text = ""
    for token in path:
        if isinstance(token, int):
            text += f"[{token}]"
        elif _PLAIN.fullmatch(token):
            text += f".{token}" if text else token
        else:
            text += f"[{json.dumps(token, ensure_ascii=False)}]"
    return text


def shown(value: object) -> str:
    """A value, short, with its type: `"many" (a string)`, `12 (a whole number)`, `a list of 3`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{_cut(str(value))} (a whole number)"
    if isinstance(value, float):
        return f"{value} (a number)"
    if isinstance(value, str):
        return f"{quoted(value)} (a string)"
    if isinstance(value, Mapping):
        names = ", ".join(str(key) for key in value)
        return _cut(f"a mapping with {names}") if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    return _cut(repr(value))


def quoted(text: str) -> str:
    """A string in double quotes, cut to a readable length."""
    return json.dumps(_cut(text), ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
