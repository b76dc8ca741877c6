"""What a merge gives back, and the checks and the frame rate that every merge shares."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from .errors import MergeError
from .probe import count_frames

MAX_FPS = 1000

FrameRate = Fraction | str | float
"""Frames a second: 24, "30000/1001", 23.976 …"""


@dataclass(frozen=True)
class MergeResult:
    """A finished video: where it is, its frames, and how long it plays in seconds."""

    path: Path
    frames: int
    seconds: float
    notes: tuple[str, ...] = ()
    """What a person should know of it, a sentence each."""


def frame_rate(value: FrameRate) -> Fraction:
    """An exact frame rate; the usual decimals for NTSC rates (23.976, 29.97, 59.94) become x·1000/1001.

    Raises:
        MergeError: no number, or not above 0 and at most 1000.
    """
    try:
        rate = Fraction(str(value) if isinstance(value, float) else value)
    except (ValueError, ZeroDivisionError, TypeError) as error:
        raise _bad_rate(value) from error
    if not 0 < rate <= MAX_FPS:
        raise _bad_rate(value)
    ntsc = Fraction(round(rate * Fraction(1001, 1000)) * 1000, 1001)
    # 29.97 and 23.976 are within a thousandth of what is meant; 24 and 30 are not.
    if rate.denominator != 1 and ntsc and abs(ntsc - rate) < Fraction(1, 1000):
        return ntsc
    return rate.limit_denominator(1_001_000)


def _bad_rate(value: object) -> MergeError:
    return MergeError(
        f"fps must be a frame rate above 0 and at most {MAX_FPS}, such as 24, 29.97 or 30000/1001; "
        f"found {value!r}"
    )


def require_frames(written: Path, target: Path, expected: int) -> int:
    """Refuse a result that does not have the frames that were asked for.

    Raises:
        MergeError: with both numbers.
    """
    found = count_frames(written)
    if found != expected:
        raise MergeError(
            f"{target.name} would have {found} frames where {expected} were asked for; it was not kept. "
            "A frame or chunk is damaged or has a wrong length: render it again and retry the merge"
        )
    return found
