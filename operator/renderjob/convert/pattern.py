"""One text for all chunks: where their texts differ by frame numbers only, `$(RENDER_…)` stands for them.

A number is replaced only where every chunk's text has exactly what the variable will hold: a zero-padded
number or an exclusive end has no variable, so there is no pattern for such texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .chunk import SourceChunk
from .words import escaped

START, END, COUNT, CHUNK = "RENDER_START", "RENDER_END", "RENDER_FRAME_COUNT", "RENDER_CHUNK"

_NUMBER = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: a variable, or words that are the same for all chunks."""

    text: str
    variable: bool = False


Pieces = list[Piece]


def variables(chunks: Sequence[SourceChunk]) -> dict[str, tuple[str, ...]]:
    """What each variable holds in each chunk; the first whose values fit a number is taken."""
    return {
        START: tuple(str(chunk.start) for chunk in chunks),
        END: tuple(str(chunk.end) for chunk in chunks),
        COUNT: tuple(str(chunk.count) for chunk in chunks),
        CHUNK: tuple(str(number) for number in range(len(chunks))),
    }


def common_pieces(texts: Sequence[str], values: dict[str, tuple[str, ...]]) -> Pieces | None:
    """The pieces that make up each chunk's text; None where the texts differ by something else."""
    split = [_NUMBER.split(text) for text in texts]
    if len({len(parts) for parts in split}) != 1:
        return None
    pieces: Pieces = []
    for column in zip(*split, strict=True):
        if len(set(column)) == 1:
            pieces.append(Piece(column[0]))
            continue
        name = next((name for name, held in values.items() if held == column), None)
        if name is None:
            return None
        pieces.append(Piece(name, variable=True))
    return pieces


def with_count(words: list[Pieces], values: dict[str, tuple[str, ...]]) -> list[Pieces]:
    """The words with the frame count as a variable where it can only be that.

    Chunks of one size have the same count, so it does not stand out by differing. A command that is told the
    start but not the end must be told the count: the only number in it that equals the count is it.
    """
    used = names_in(words)
    if len(set(values[COUNT])) != 1 or START not in used or END in used:
        return words
    count = values[COUNT][0]
    places = [
        (at, number)
        for at, pieces in enumerate(words)
        for number, piece in enumerate(pieces)
        if piece == Piece(count)
    ]
    if len(places) != 1:
        return words
    at, number = places[0]
    changed = list(words[at])
    changed[number] = Piece(COUNT, variable=True)
    return [*words[:at], changed, *words[at + 1 :]]


def names_in(words: list[Pieces]) -> set[str]:
    """The variables that are used."""
    return {piece.text for pieces in words for piece in pieces if piece.variable}


def rendered(pieces: Pieces) -> str:
    """The text with `$(NAME)` for variables, everything else safe from expansion."""
    text, literal = "", ""
    for piece in pieces:
        if piece.variable:
            text += f"{escaped(literal, before_reference=True)}$({piece.text})"
            literal = ""
        else:
            literal += piece.text
    return text + escaped(literal)
