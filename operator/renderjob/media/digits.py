"""Numbers drawn as filled boxes: a machine may have no font, and its ffmpeg no way to find one."""

from __future__ import annotations

import re
from typing import Final

WIDTH, HEIGHT = 3, 5
"""Of a glyph, in dots; one dot lies between two glyphs."""

_GLYPHS: Final = {
    "0": "###/# #/# #/# #/###",
    "1": " # /## / # / # /###",
    "2": "###/  #/###/#  /###",
    "3": "###/  #/###/  #/###",
    "4": "# #/# #/###/  #/  #",
    "5": "###/#  /###/  #/###",
    "6": "###/#  /###/# #/###",
    "7": "###/  #/  #/  #/  #",
    "8": "###/# #/###/# #/###",
    "9": "###/# #/###/  #/###",
    "-": "   /   /###/   /   ",
}


def number_width(number: int, dot: int) -> int:
    """Pixels from the first column of a number to its last."""
    return (len(str(number)) * (WIDTH + 1) - 1) * dot


def number_boxes(number: int, left: int, top: str, *, dot: int, colour: str) -> list[str]:
    """The ffmpeg filters that draw a number: one `drawbox` for each run of dots in a row.

    Args:
        number: may be negative.
        left: of the first glyph, in pixels.
        top: of all glyphs, in pixels or as ffmpeg reckons, such as `ih-14`.
        dot: pixels of a dot's side.
        colour: as ffmpeg names colours.
    """
    return [
        f"drawbox=x={left + (place * (WIDTH + 1) + x) * dot}:y={top}+{y * dot}"
        f":w={length * dot}:h={dot}:color={colour}:t=fill"
        for place, character in enumerate(str(number))
        for y, row in enumerate(_GLYPHS[character].split("/"))
        for x, length in _runs(row)
    ]


def _runs(row: str) -> list[tuple[int, int]]:
    """Where filled dots begin in a row, and how many they are."""
    return [(found.start(), len(found[0])) for found in re.finditer("#+", row)]
