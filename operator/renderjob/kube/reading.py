"""JSON as an API server sends it, read whatever its depth: what is nested too deeply to be of use is left out.

An API server takes and sends objects that are nested thousands of levels deep, wherever a schema preserves what it
does not know. No parser of Python follows it there, and nothing that we need lies there.
"""

from __future__ import annotations

import gc
import json
from array import array
from itertools import accumulate
from typing import Any, Final

from pydantic_core import from_json

DEEPEST: Final = 150
"""Levels of an answer that are read; what lies below is read as null. An object in a list, or in an event of a
watch, begins at the third."""

LARGE: Final = 64 * 1024
"""Bytes of JSON from which on the garbage collector is stopped while they are read: it would go through all that is
made of them again and again, for four fifths of the time."""

_STEPS: Final = bytes(
    {ord("["): 1, ord("{"): 1, ord("]"): 255, ord("}"): 255}.get(character, 0) for character in range(256)
)
"""By how much a character changes the depth; 255 is -1 as a signed byte."""


def read_json(content: bytes) -> Any:
    """What a JSON text says, but for what is nested deeper than DEEPEST, which is null.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return _parsed(content)
    except ValueError:
        pass
    flat = flattened(content)
    try:
        return _parsed(flat)
    except ValueError:
        # Half of a surrogate pair, a byte that is no UTF-8: others read them.
        return json.loads(flat.decode(errors="replace"), strict=False)


def _parsed(content: bytes) -> Any:
    if len(content) < LARGE or not gc.isenabled():
        return from_json(content)
    gc.disable()
    try:
        return from_json(content)
    finally:
        gc.enable()


def read_event(line: bytes) -> tuple[str, Any]:
    """The kind and the object of a line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.

    Raises:
        ValueError: it is no event.
    """
    event = read_json(line)
    try:
        return event["type"], event["object"]
    except (KeyError, TypeError) as error:
        raise ValueError("a line of a watch has a type and an object") from error


def flattened(content: bytes, deepest: int = DEEPEST) -> bytes:
    """The JSON text with null for each array and object that is nested deeper than `deepest`.

    A text of a million brackets takes a fifth of a second: nothing here goes through them one by one.
    """
    depths = accumulate(array("b", _without_strings(content).translate(_STEPS)))
    deep = bytes(map(deepest.__lt__, depths))
    pieces: list[bytes] = []
    kept = 0
    while (start := deep.find(1, kept)) >= 0:
        pieces += (content[kept:start], b"null")
        end = deep.find(0, start)
        if end < 0:
            # It ends in the midst of what is left out: no JSON.
            return b"".join(pieces)
        kept = end + 1
    pieces.append(content[kept:])
    return b"".join(pieces)


def _without_strings(content: bytes) -> bytes:
    """The same text with as many underscores for what is in strings."""
    pieces = content.replace(b"\\\\", b"__").replace(b'\\"', b"__").split(b'"')
    pieces[1::2] = [b"_" * len(piece) for piece in pieces[1::2]]
    return b'"'.join(pieces)
