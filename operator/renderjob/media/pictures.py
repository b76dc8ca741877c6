"""ffmpeg over numbered pictures: when it stumbles, all pictures at fault are named, not only the decoder."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from renderjob.frames import FrameSet

from .errors import BadInputsError, MediaError, MergeError, PassingError, UnsupportedError
from .exr import is_exr, require_whole
from .ffmpeg import Progress, run_ffmpeg
from .picture import Picture, decode_picture
from .staging import Staged

# ffmpeg would scale a picture of another size in silence; it says so only at its level "info".
_CHANGED = re.compile(r"Reconfiguring filter graph .*?\b(\d+)x(\d+)")

FEW = 3
"""More pictures than these, of which none can be read, are no accident: rendered again, they would be no better."""

_Kind = tuple[str, tuple[int, int]]
"""What decodes a picture, and its size."""

_SHOWN = 60
"""Characters of a range string in a sentence that names several."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A picture that can't be merged."""

    frame: int
    path: Path
    why: str
    """What is wrong, without its name."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Frames whose pictures are not there."""

    frames: FrameSet
    sentence: str


def encode_pictures(
    inputs: Staged,
    frames: Sequence[int],
    first: Picture,
    arguments: Sequence[str],
    on_progress: Progress | None,
    *,
    layer: str = "",
) -> None:
    """Run ffmpeg where the pictures are staged.

    Args:
        inputs: the pictures.
        frames: the frame that each belongs to.
        first: what they look like.
        arguments: of ffmpeg.
        on_progress: called with the number of frames written.
        layer: of EXR pictures, as the user names it.

    Raises:
        BadInputsError: pictures are damaged, or of another size than most; names all of them.
        MergeError: it failed for another reason.
    """
    changed = False

    def line(text: str) -> None:
        nonlocal changed
        match = _CHANGED.search(text)
        changed = changed or (match is not None and (int(match[1]), int(match[2])) != first.size)

    def progress(frames: int) -> None:
        refuse_other_size()
        if on_progress is not None:
            on_progress(frames)

    def refuse_other_size() -> None:
        if changed:
            raise MergeError(f"a picture is not {told(first.size)} as the first is")

    try:
        run_ffmpeg(arguments, on_progress=progress, on_line=line, cwd=inputs.directory)
        refuse_other_size()
    except MediaError as error:
        refuse_bad(zip(frames, map(Path, inputs.paths), strict=True), layer)
        wrong = PassingError if isinstance(error, PassingError) else MergeError
        raise wrong(inputs.explain(str(error))) from error


def refuse_bad(pictures: Iterable[tuple[int, Path]], layer: str = "", absent: Absent | None = None) -> None:
    """Refuse pictures that can't be merged with the others, and with them those that are not there.

    Raises:
        BadInputsError: names all of them.
        MergeError: pictures of this kind can't be merged at all.
    """
    pictures = list(pictures)
    bad = find_bad(pictures, layer)
    sentences = [absent.sentence] if absent else []
    frames = FrameSet(each.frame for each in bad)
    if bad:
        sentences.append(bad_sentence(bad, len({path for _, path in pictures})))
    if sentences:
        raise BadInputsError("; and ".join(sentences), frames | absent.frames if absent else frames)


def find_bad(pictures: Iterable[tuple[int, Path]], layer: str = "") -> list[Bad]:
    """Of some frames' pictures those that can't be decoded, or are of another kind or size than most.

    Every picture is decoded once, as many at a time as there are processors.

    Raises:
        MediaError: pictures of this kind, or without a layer that is asked for, are not read at all.
    """
    by_path = {path: frame for frame, path in reversed(list(pictures))}

    def look(path: Path) -> _Kind | MediaError:
        try:
            picture = decode_picture(path, layer)
        except MediaError as error:
            return error
        return picture.codec, picture.size

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        found = dict(zip(by_path, pool.map(look, by_path), strict=True))
    wrong = {path: each for path, each in found.items() if isinstance(each, MediaError)}
    kinds = Counter(each for each in found.values() if not isinstance(each, MediaError))
    for each in wrong.values():
        # What no other one would be better at is no fault of this one.
        if isinstance(each, UnsupportedError) or (isinstance(each, MergeError) and not kinds):
            raise each
    if wrong and not kinds and (len(wrong) > FEW or all(map(_is_whole, wrong))):
        path, error = next(iter(wrong.items()))
        raise MergeError(f"none of {len(wrong)} pictures can be merged: {path.name} {_why(path, error)}")
    usual = kinds.most_common(1)[0][0] if kinds else ("", (0, 0))
    bad = [
        Bad(by_path[path], path, _why(path, each) if isinstance(each, MediaError) else _other(each, usual))
        for path, each in found.items()
        if each != usual
    ]
    return sorted(bad, key=lambda each: each.frame)


def _why(path: Path, error: MediaError) -> str:
    return str(error).replace(f"{path} ", "", 1)


def _other(kind: _Kind, usual: _Kind) -> str:
    if kind[1] == usual[1]:
        return f"is {kind[0]} by what is in it where most are {usual[0]}"
    return f"is {told(kind[1])} where most are {told(usual[1])}"


def _is_whole(path: Path) -> bool:
    """Whether a picture that can't be decoded is known to be undamaged: then it is its kind that is not read."""
    try:
        if is_exr(path):
            require_whole(path)
            return True
    except MediaError:
        pass
    return False


def bad_sentence(bad: Sequence[Bad], of: int, most: int = 3) -> str:
    """One sentence that names all bad pictures, by their frames, and what is wrong with them."""
    reasons: dict[str, list[Bad]] = {}
    for each in bad:
        reasons.setdefault(each.why, []).append(each)
    ordered = sorted(reasons.items(), key=lambda item: -len(item[1]))
    parts = [
        f"{_short(str(FrameSet(b.frame for b in group)))} {why} ({group[0].path.name})"
        for why, group in ordered[:most]
    ]
    if len(ordered) > most:
        parts.append(f"and {len(ordered) - most} more kinds of faults")
    what = f"{len(bad)} of {of} frames" if of > 1 else "the only frame"
    all_of_them = _short(str(FrameSet(each.frame for each in bad)), 400)
    which = f" ({all_of_them})" if len(ordered) > 1 else ""
    return f"{what} can't be merged{which}: {'; '.join(parts)}"


def _short(frames: str, most: int = _SHOWN) -> str:
    return frames if len(frames) <= most else f"{frames[:most].rpartition(',')[0] or frames[:most]}, …"


def told(size: tuple[int, int]) -> str:
    """Width and height in words."""
    return f"{size[0]}×{size[1]}"
