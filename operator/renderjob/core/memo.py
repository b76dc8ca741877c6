"""Range strings that were read or written lately, so that a status is not parsed again right after it was made."""

from __future__ import annotations

from collections import OrderedDict

from renderjob.frames import EMPTY, FrameSet

_MOST = 1024
_known: OrderedDict[str, FrameSet] = OrderedDict()


def read(text: str) -> FrameSet:
    """The frames of a range string."""
    if not text:
        return EMPTY
    frames = _known.get(text)
    if frames is None:
        frames = FrameSet.parse(text)
        _keep(text, frames)
    return frames


def write(frames: FrameSet) -> str:
    """The range string of some frames; to read it again costs nothing."""
    text = str(frames)
    if text and text not in _known:
        _keep(text, frames)
    return text


def _keep(text: str, frames: FrameSet) -> None:
    _known[text] = frames
    while len(_known) > _MOST:
        _known.popitem(last=False)
