"""Chunk videos as they are found: what they are made of, when their frames are shown, and which are damaged."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from renderjob.frames import FrameSet

from .errors import BadInputsError, MediaError, MergeError, UnsupportedError
from .picture import Picture, depth_of, has_alpha
from .pictures import FEW
from .probe import StreamParameters, Timing, opened, probe_video, timing, video_stream

_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A chunk's video."""

    parameters: StreamParameters
    timing: Timing


def read_parts(parts: Sequence[Path], frames: Sequence[FrameSet] = ()) -> list[Part]:
    """What there is to know of chunk videos without decoding them.

    Args:
        parts: the files.
        frames: the frames of the render in each.

    Raises:
        BadInputsError: some can't be read, or are shorter than their frames, where others are not.
        MediaError: one can't be read, and nobody knows its frames.
    """
    found: list[Part] = []
    wrong: dict[int, MediaError] = {}
    for index, part in enumerate(parts):
        try:
            found.append(Part(probe_video(part), timing(part)))
        except UnsupportedError:
            raise
        except MediaError as error:
            if not frames:
                raise
            wrong[index] = error
    good = iter(found)
    counts = {index: next(good).timing.frames for index in range(len(parts)) if index not in wrong}
    # Where no part has a frame for each of its chunk's, frames of the render are not those of a video.
    one_each = any(count == len(frames[index]) for index, count in counts.items()) if frames else False
    for index, count in counts.items():
        if one_each and count != len(frames[index]):
            wrong[index] = MediaError(
                f"{parts[index]} has {count} frames where {len(frames[index])} were asked for"
            )
    if len(wrong) == len(parts) > FEW:
        raise MergeError(f"none of {len(parts)} chunk videos can be merged: {wrong[0]}")
    if wrong:
        raise _bad(parts, frames, wrong)
    return found


def refuse_damaged(parts: Sequence[Path], frames: Sequence[FrameSet]) -> None:
    """Decode chunk videos wholly, as many at a time as there are processors, and refuse those that are damaged.

    Raises:
        BadInputsError: names all of them.
    """
    if not frames:
        return

    def look(part: Path) -> MediaError | None:
        try:
            with opened(part) as container:
                stream = video_stream(container, part)
                stream.codec_context.options = {"err_detect": "explode"}
                for _ in container.decode(stream):
                    pass
        except MediaError as error:
            return error
        return None

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        found = enumerate(pool.map(look, parts))
        wrong = {index: error for index, error in found if error is not None}
    if wrong:
        raise _bad(parts, frames, wrong)


def _bad(parts: Sequence[Path], frames: Sequence[FrameSet], wrong: dict[int, MediaError]) -> BadInputsError:
    of = FrameSet.union_of(frames[index] for index in wrong)
    reasons = [
        f"{frames[index]}: {str(error).replace(str(parts[index]), parts[index].name)}"
        for index, error in sorted(wrong.items())
    ]
    more = [f"and {len(reasons) - _MOST_REASONS} more"] if len(reasons) > _MOST_REASONS else []
    some = f"{len(wrong)} of {len(parts)} chunk videos" if len(parts) > 1 else "the only chunk video"
    named = "; ".join([*reasons[:_MOST_REASONS], *more])
    return BadInputsError(f"{some} can't be merged (frames {str(of)[:200]}): {named}", of)


def picture_of(stream: StreamParameters) -> Picture:
    """The frames of a chunk video as pictures."""
    name = stream.pixel_format or "yuv420p"
    alpha = has_alpha(name) or bool(stream.decoder)
    return Picture(stream.width, stream.height, name, depth=depth_of(name), alpha=alpha)
