"""Weight: how many bytes a piece of JSON has, and about how many it takes in memory once it is read into models."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from pydantic_core import to_json

OBJECT: Final = 700
"""Bytes of a model: its fields, and which of them were set. As JSON it may be a dozen characters."""
VALUE: Final = 60
"""Bytes of any other value, without its characters."""


class Weight(NamedTuple):
    """Of a value, with all that is in it."""

    size: int
    """Bytes as JSON."""
    memory: int
    """Bytes in memory, more or less."""


def weigh(value: Any) -> Weight:
    """The weight of a value. It is written as JSON for that, which is a tenth of the work of going through it."""
    try:
        text = to_json(value)
    except ValueError:
        # Half of a surrogate pair: an API server sends none.
        text = json.dumps(value).encode()
    return Weight(
        len(text), OBJECT * text.count(b"{") + VALUE * (text.count(b"[") + text.count(b',"')) + len(text)
    )
