"""The frame language that users write, as fileseq defines it: 1-10, 1-100x2, 1-10y3, 1-100:5, -5-5, 100-1."""

import re

from renderjob.frames.frameset import FIRST_FRAME, FrameSet
from renderjob.frames.runs import LAST_FRAME

MAX_FRAMES = 1_000_000

_ACCEPTED = (
    "write whole frames such as 1-100, 1-100x2 (every second), 1-100y3 (all but every third) or 1-10,20"
)
_DIGITS_GAP_DIGITS = re.compile(r"\d\s+\d")
# Sets that are united at once: one by one, each would copy all of those before it.
_TOGETHER = 1024
# A number of more digits is out of range, whatever they are; int() has a limit on digits of its own.
_LONGEST_NUMBER = 30


class FrameExpressionError(ValueError):
    """A frame expression that cannot be used; the message is one sentence for the user who wrote it."""


def parse_expression(text: str, max_frames: int = MAX_FRAMES) -> FrameSet:
    """The set of frames that a user's expression names; order and repetition do not matter.

    The language is fileseq's: comma-separated frames, ranges a-b (either way round), and ranges with xN
    (every Nth), yN (all but every Nth) or :N (fileseq's stagger, which names every frame of the range).
    Raises FrameExpressionError for anything else, for subframes, for frames beyond 32 bits, for an
    expression without frames and for more than `max_frames` frames, without building what it refuses.
    """
    if not text.strip():
        raise FrameExpressionError(f"the frame expression is empty: {_ACCEPTED}")
    sets, count = [FrameSet()], 0
    parts = text.split(",")
    for number, part in enumerate(parts, 1):
        sets.append(_part(part, number, max_frames))
        count += len(sets[-1])
        if count <= max_frames and len(sets) < _TOGETHER and number < len(parts):
            continue
        frames = FrameSet.union_of(sets)
        sets, count = [frames], len(frames)
        if len(frames) > max_frames:
            some = "" if number == len(parts) else "at least "
            raise FrameExpressionError(
                f"{_quoted(text)} names {some}{len(frames)} frames, but at most {max_frames} are accepted"
            )
    if not frames:
        raise FrameExpressionError(f"{_quoted(text)} names no frame: {_ACCEPTED}")
    return frames


def _part(part: str, number: int, max_frames: int) -> FrameSet:
    """The frames of one comma part, the `number`th of its expression, in constant memory if it is refused."""
    start, end, modifier, step = _fields(part, number)
    low, high = min(start, end), max(start, end)
    count = (high - low) // step + 1 if modifier == "x" else high - low + 1
    if modifier == "y":
        count -= (high - low) // step + 1
    if count > max_frames:
        raise FrameExpressionError(
            f"{_quoted(part)} names {count} frames, but at most {max_frames} are accepted"
        )
    for frame in (low, high):
        if not FIRST_FRAME <= frame <= LAST_FRAME:
            raise FrameExpressionError(
                f"frame {frame} in {_quoted(part)} is out of range:"
                f" frames from {FIRST_FRAME} to {LAST_FRAME} are accepted"
            )
    # Steps count from the number written first, so a descending range is aligned to its upper end.
    aligned = low if start <= end else high - (high - low) // step * step
    if modifier == "x":
        return FrameSet.range(aligned, high, step)
    everything = FrameSet.range(low, high)
    if modifier == "y":
        return everything - FrameSet.range(aligned, high, step)
    # ":N" is the union of steps N, N - 1, ..., 1 in fileseq, hence the whole range.
    return everything


def _fields(part: str, number: int) -> tuple[int, int, str, int]:
    """Start, end, modifier ("", "x", "y" or ":") and step of a comma part, read by fileseq's grammar."""
    from fileseq.constants import FRANGE_RE  # fileseq takes 0.2 s to import

    compact = "".join(part.split())
    if not compact:
        raise FrameExpressionError(f"part {number} of the frame expression is empty: {_ACCEPTED}")
    padding = next((char for char in compact if char in "@#%"), None)
    if padding:
        raise FrameExpressionError(
            f"{_quoted(part)} has the padding character {padding!r},"
            f" which belongs in a file pattern and not in a frame expression: {_ACCEPTED}"
        )
    matched = FRANGE_RE.match(compact)
    if matched is None or not compact.isascii() or _DIGITS_GAP_DIGITS.search(part):
        raise FrameExpressionError(f"{_quoted(part)} is not a frame or a range of frames: {_ACCEPTED}")
    if "." in compact:
        raise FrameExpressionError(f"{_quoted(part)} has subframes: {_ACCEPTED}")
    start_text, end_text, modifier, step_text = matched.groups()
    for digits in (start_text, end_text, step_text):
        if digits and len(digits) > _LONGEST_NUMBER:
            raise FrameExpressionError(
                f"the number {_shortened(digits)} in the frame expression is out of range:"
                f" frames from {FIRST_FRAME} to {LAST_FRAME} are accepted"
            )
    start = int(start_text)
    end = int(end_text) if end_text else start
    step = int(step_text) if step_text else 1
    if step == 0 or (step < 0 and end > start):
        raise FrameExpressionError(
            f"{_quoted(part)} has the step {step}: a step of 1 or more is accepted, as in 1-100x2"
        )
    return start, end, modifier or "", abs(step)


def _quoted(text: str) -> str:
    return repr(_shortened(text.strip()))


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
