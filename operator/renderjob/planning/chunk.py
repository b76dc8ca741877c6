"""A chunk: frames that one attempt renders."""

from __future__ import annotations

from dataclasses import dataclass

from renderjob.frames import FrameSet


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames of one cell of the layout, at most all of them.

    Unless the manifest lists its chunks itself, the frames are one progression, so that a start, an end and
    a step tell a renderer all of it.
    """

    number: int
    """The cell's number in the layout, from 0."""
    frames: FrameSet
    """What is to be rendered."""
