"""Numbers and frames in sentences: `1 frame`, `2 frames`, `frame 7 is`, `frames 1-3,9 are`."""

from __future__ import annotations

import re

_ONE = re.compile(r"-?[0-9]+")


def count(number: int, noun: str) -> str:
    """`1 frame`, `2 frames`."""
    plural = f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else plural
    return f"{number} {noun if number == 1 else plural}"


def rendered(done: int, total: int) -> str:
    """`2 of 4 frames are rendered`."""
    return f"{done} of {count(total, 'frame')} {'is' if total == 1 else 'are'} rendered"


def named(frames: str, verbs: tuple[str, str] | None = None, most: int = 250) -> str:
    """Frames of a range string, shortened to `most` characters, with the form of a verb that fits.

    Args:
        frames: such as `7` or `1-3,9`.
        verbs: for one frame and for several, such as `("is", "are")`; None: no verb.
        most: characters of the range string.
    """
    text = frames if len(frames) <= most else f"{frames[:most]}, …"
    verb = "" if verbs is None else f" {agreeing(frames, *verbs)}"
    return f"{agreeing(frames, 'frame', 'frames')} {text}{verb}"


def agreeing(frames: str, one: str, several: str) -> str:
    """The word for one frame, or the one for several."""
    return one if _ONE.fullmatch(frames) else several
