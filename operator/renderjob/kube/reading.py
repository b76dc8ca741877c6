"""JSON as an API server sends it, read whatever its depth: what is nested too deeply to be of use is left out.

An API server takes and sends objects that are nested thousands of levels deep, wherever a schema preserves what it
does not know. No parser of Python follows it there, and nothing that we need lies there.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pydantic_core import from_json

DEEPEST: Final = 150
"""Levels of an answer that are read; what lies below is read as null. An object in a list, or in an event of a
watch, begins at the third."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


def read_json(content: bytes) -> Any:
    """What a JSON text says, but for what is nested deeper than DEEPEST, which is null.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return from_json(content)
    except ValueError:
        pass
    flat = flattened(content)
    try:
        return from_json(flat)
    except ValueError:
        # Half of a surrogate pair, a byte that is no UTF-8: others read them.
        return json.loads(flat.decode(errors="replace"), strict=False)


def flattened(content: bytes, deepest: int = DEEPEST) -> bytes:
    """The JSON text with null for each array and object that is nested deeper than `deepest`."""
    pieces: list[bytes] = []
    depth = kept = 0
    for token in _TOKEN.finditer(content):
        first = content[token.start()]
        if first in b"{[":
            depth += 1
            if depth == deepest + 1:
                pieces += (content[kept : token.start()], b"null")
        elif first in b"}]":
            if depth == deepest + 1:
                kept = token.end()
            depth -= 1
    if depth > deepest:
        # It ends in the midst of what is left out: no JSON.
        return b"".join(pieces)
    pieces.append(content[kept:])
    return b"".join(pieces)
