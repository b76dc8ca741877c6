"""Words of others, fit to be shown: a manifest's, a renderer's, a file's name."""

from __future__ import annotations

import re
from typing import Final

_STEERS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""Characters that a terminal obeys, or that make text look like another; tabs and ends of lines stay."""


def harmless(text: str) -> str:
    """`text` with each character that steers a terminal shown as `\ufffd`."""
    return _STEERS.sub("\ufffd", text)
