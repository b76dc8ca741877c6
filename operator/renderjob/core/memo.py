"""Range strings that were read or written lately, so that a status is not parsed again right after it was made."""

from __future__ import annotations

from renderjob.frames import EMPTY, FrameSet
from renderjob.primitives import SizedCache

_known: SizedCache[str, FrameSet] = SizedCache(16 << 20, lambda text, frames: len(text) + frames.nbytes)


SHOWN = 16 * 1024
"""Characters of range strings that are for people alone: as many of the first frames as fit."""


def shown(frames: FrameSet) -> str:
    """A range string for people: of all the frames, or of as many of the first as fit."""
    return str(frames.within(SHOWN))


def read(text: str) -> FrameSet:
    """The frames of a range string."""
    if not text:
        return EMPTY
    frames = _known.get(text)
    return frames if frames is not None else _known.put(text, FrameSet.parse(text))


def write(frames: FrameSet) -> str:
    """The range string of some frames; to read it again costs nothing."""
    text = str(frames)
    if text and _known.get(text) is None:
        _known.put(text, frames)
    return text
