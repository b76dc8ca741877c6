"""ffmpeg over numbered pictures: when it stumbles, the picture at fault is named, not only the decoder."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .errors import MediaError, MergeError
from .ffmpeg import Progress, run_ffmpeg
from .probe import decode_picture
from .staging import Staged

SEARCHED_PICTURES = 200
"""Pictures looked at after a failure, from the last frame that was written on: encoders look ahead."""

# ffmpeg would scale a picture of another size in silence; it says so only at its level "info".
_CHANGED = re.compile(r"Reconfiguring filter graph .*?\b(\d+)x(\d+)")


def encode_pictures(inputs: Staged, arguments: Sequence[str], on_progress: Progress | None) -> None:
    """Run ffmpeg where the pictures are staged.

    Raises:
        MergeError: it failed, or the pictures are not all of one size; names the picture where it can.
    """
    reached = 0
    sizes: list[tuple[int, int]] = []

    def line(text: str) -> None:
        if not sizes and (match := _CHANGED.search(text)):
            size = (int(match[1]), int(match[2]))
            if size != first:
                sizes.append(size)

    def progress(frames: int) -> None:
        nonlocal reached
        refuse_other_size()
        reached = frames
        if on_progress is not None:
            on_progress(frames)

    def refuse_other_size() -> None:
        if sizes:
            raise MergeError(f"a picture is {_told(sizes[0])} where the first is {_told(first)}")

    try:
        first = decode_picture(inputs.directory / inputs.names[0])
        run_ffmpeg(arguments, on_progress=progress, on_line=line, cwd=inputs.directory)
        refuse_other_size()
    except MediaError as error:
        culprit = _culprit(inputs, 0 if sizes else max(0, reached - 1))
        said = inputs.explain(str(error))
        raise MergeError(f"{culprit}; render it again and retry the merge" if culprit else said) from error


def _culprit(inputs: Staged, start: int) -> str:
    """What is wrong with the first picture, from `start` on, that cannot be decoded or has another size."""
    first: tuple[int, int] | None = None
    for index in [0, *range(max(1, start), min(len(inputs.names), start + SEARCHED_PICTURES))]:
        try:
            size = decode_picture(inputs.directory / inputs.names[index])
        except MediaError as error:
            return inputs.explain(str(error).replace(f"{inputs.directory}/", ""))
        first = first or size
        if size != first:
            return f"the picture {inputs.paths[index]} is {_told(size)} where the first is {_told(first)}"
    return ""


def _told(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
