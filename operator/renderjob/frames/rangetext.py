"""The canonical range string of a frame set: its parts, and the fast reader of such strings."""

import re
from array import array
from collections.abc import Iterable

from renderjob.frames.runs import Run, row_length

# Above this many parts, rows of equal blocks are written interleaved.
PLAIN_PARTS = 64

_PART = re.compile(r"(-?[0-9]{1,10})(?:-(-?[0-9]{1,10})(?:x([0-9]{1,10}))?)?")
# Not possessive (`*+`): Python 3.11.2, Debian's, finds no match then where there is one. A comma ends a part whatever
# comes, so that little is tried twice.
_TEXT = re.compile(rf"(?:{_PART.pattern},)*{_PART.pattern}")


def interleave(starts: "array[int]", ends: "array[int]", most: int) -> list[Run] | None:
    """Rows of equally long, equally spaced blocks, each row as stepped runs that interleave.

    `starts` and `ends` are a set's intervals of two frames or more, ascending. A row of m blocks of L
    frames becomes L runs of m frames where m > L, which is what a set needs that was rendered "every nth
    chunk first": `1-10,21-30,41-50,…` becomes `1-981x20,2-982x20,…`. Blocks outside such rows are not
    among the result. None when more than `most` parts are certain to follow, without a look at the rest.
    """
    found: list[Run] = []
    at, total, steps = 0, len(starts), 0
    while at + 2 < total:
        # Each step is a row, or a block of its own: a part at least.
        steps += 1
        if steps > most:
            return None
        first = starts[at]
        length = ends[at] - first + 1
        spacing = starts[at + 1] - first
        row = row_length(starts, ends, at, spacing)
        if row > length:
            span = (row - 1) * spacing
            found += [Run(frame, frame + span, spacing) for frame in range(first, first + length)]
            at += row
        else:
            at += max(1, row - 1)  # the row's last block may begin another row
    return found


def join(runs: Iterable[Run]) -> str:
    """The runs as one range string."""
    # As Run's own text, without a call for each of them.
    return ",".join(
        [
            str(start) if start == end else f"{start}-{end}" if step == 1 else f"{start}-{end}x{step}"
            for start, end, step in runs
        ]
    )


def read_canonical(text: str) -> list[tuple[int, int, int]] | None:
    """The (start, end, step) of each part of a canonical range string, `end` inclusive.

    None when the text is anything else, however close: descending, step 0, spaces. Nothing is checked
    about how many frames the parts name.
    """
    if _TEXT.fullmatch(text) is None:
        return None
    parts = []
    for start_text, end_text, step_text in _PART.findall(text):
        start = int(start_text)
        end = int(end_text) if end_text else start
        step = int(step_text) if step_text else 1
        if end < start or step < 1:
            return None
        parts.append((start, end, step))
    return parts
