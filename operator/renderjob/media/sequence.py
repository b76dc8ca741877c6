"""An image sequence into one video, with tolerated holes held or skipped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import open_store

from .codecs import check_target, output_arguments, picture_filters, read_options
from .errors import MediaError, MergeError
from .exr import require_whole
from .ffmpeg import Progress
from .form import form_for
from .picture import form_of
from .pictures import Absent, encode_pictures, refuse_bad
from .result import FrameRate, MergeResult, frame_rate, require_frames
from .staging import DIGITS, Staged, plain_suffix, staged
from .target import replacing

Missing = Literal["Hold", "Skip"]
"""What a failed frame becomes: the frame before it once more (the length stays right), or nothing."""


def merge_sequence(
    directory: Path,
    pattern: FilePattern,
    frames: FrameSet,
    target: Path,
    *,
    fps: FrameRate = 24,
    codec: str = "h264",
    failed: FrameSet | None = None,
    missing: Missing = "Hold",
    min_bytes: int = 1,
    expected_frames: int | None = None,
    extra_args: Sequence[str] = (),
    layer: str = "",
    on_progress: Progress | None = None,
    trial: bool = False,
) -> MergeResult:
    """Make a video of a sequence's pictures, which appears at `target` whole or not at all.

    Frames play in ascending order, one after another, whatever steps or gaps their numbers have. Pictures in
    linear light, as their decoder says, are shown through the sRGB curve.

    Args:
        directory: where the pictures lie.
        pattern: their names below it.
        frames: the frames of the video.
        target: the result; its extension chooses the container.
        fps: frames a second.
        codec: a name of `codecs.CODECS`.
        failed: frames that are allowed to be missing; whatever lies in their place is not used.
        missing: what a failed frame becomes; `Hold` shows the frame before it, at the start the next one.
        min_bytes: a smaller picture counts as missing.
        expected_frames: the frames the result must have; by default what `frames` and `missing` give.
        extra_args: more output options for ffmpeg.
        layer: of multi-layer EXR; left out, the one that is the picture.
        on_progress: called with the number of frames written; an exception from it ends the merge.
        trial: whether it can be made, and nothing is kept.

    Raises:
        BadInputsError: pictures are damaged or of another size; names all of them.
        MergeError: refused (a frame is missing that is not in `failed`, …) or failed; the target stays.
        MediaError: a picture cannot be read.
    """
    entry = check_target(codec, target)
    options = read_options(extra_args, codec, target)
    rate = frame_rate(fps)
    if missing not in ("Hold", "Skip"):
        raise MergeError(f"missing must be Hold or Skip; found {missing!r}")
    store = open_store(directory.absolute())
    found = store.present(pattern, frames, min_bytes)
    lost = failed if failed is not None else FrameSet()
    unexplained = found.missing - lost
    if unexplained:
        sentence = _not_there(directory, pattern, frames, unexplained, min_bytes)
        if not found.present:
            # It is the directory that is not the right one.
            raise MergeError(sentence)
        there = [(number, store.file(pattern, number)) for number in found.present - lost]
        refuse_bad(there, layer, Absent(unexplained, sentence))
    usable = found.present - lost
    if not usable:
        raise MergeError(f"there is no frame to merge in {directory}")
    shown = frames if missing == "Hold" else usable
    numbers = _shown(shown, usable)
    pictures = [str(store.file(pattern, number)) for number in numbers]
    expected = len(pictures) if expected_frames is None else expected_frames
    if len(pictures) != expected:
        raise MergeError(f"the sequence has {len(pictures)} frames where {expected} were asked for")
    try:
        different = [Path(picture) for picture in dict.fromkeys(pictures)]
        first = form_of(different, layer)
        if first.layer is not None:
            # ffmpeg shows what is missing of one as black, in silence.
            for picture in different:
                require_whole(picture)
    except MediaError:
        refuse_bad(zip(numbers, map(Path, pictures), strict=True), layer)
        raise
    copied = entry.name == "copy"
    form = None if copied else form_for(entry.name, target.suffix.lower(), options, first)
    parts = [first.layer.part] * len(pictures) if first.layer and not copied else []
    with (
        staged(pictures, plain_suffix(pictures[0]), parts=parts) as inputs,
        replacing(target, keep=not trial) as temporary,
    ):
        source = ["-xerror", "-framerate", str(rate), "-start_number", "0"]
        source += [*([] if copied else first.options), *_source(inputs)]
        if form is not None:
            source += ["-vf", ",".join(picture_filters(form, first, options, codec=entry))]
        output = output_arguments(entry, target, options, form)
        arguments = [*source, *output, str(temporary.absolute())]
        encode_pictures(inputs, numbers, first, arguments, on_progress, layer=layer)
        written = require_frames(temporary, target, expected)
    return MergeResult(target, written, float(written / rate), form.notes if form else ())


def _not_there(directory: Path, pattern: FilePattern, frames: FrameSet, gone: FrameSet, least: int) -> str:
    """What to say of frames that nobody finds."""
    are = "are" if len(gone) > 1 else "is"
    return (
        f"{len(gone)} of {len(frames)} frames {are} not in {directory}: {_some(gone)} "
        f"(as {pattern.name(gone.first)}, at least {least} bytes); render them first"
    )


def _shown(shown: FrameSet, usable: FrameSet) -> list[int]:
    """The frame whose picture is shown for each: its own, or the last usable one before it, or the first of all."""
    there = set(usable)
    last = usable.first
    numbers = []
    for frame in shown:
        last = frame if frame in there else last
        numbers.append(last)
    return numbers


def _some(frames: FrameSet, limit: int = 200) -> str:
    text = str(frames)
    return text if len(text) <= limit else text[: text.rfind(",", 0, limit)] + ", …"


def _source(inputs: Staged) -> list[str]:
    """The numbered pictures as input."""
    suffix = plain_suffix(inputs.names[0])
    return ["-f", "image2", "-i", f"%0{DIGITS}d{suffix}", "-map", "0:v:0", "-fps_mode", "passthrough"]
