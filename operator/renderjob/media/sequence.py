"""An image sequence into one video, with tolerated holes held or skipped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from renderjob.frames import FilePattern, FrameSet

from .codecs import Codec, check_target, output_arguments, picture_filters
from .errors import MergeError
from .ffmpeg import Progress
from .light import is_linear, srgb_curve
from .pictures import encode_pictures
from .probe import probe_video
from .result import FrameRate, MergeResult, frame_rate, require_frames
from .staging import DIGITS, Staged, plain_suffix, staged
from .target import replacing
from .verify import verify_frames

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
    on_progress: Progress | None = None,
) -> MergeResult:
    """Make a video of a sequence's pictures, which appears at `target` whole or not at all.

    Frames play in ascending order, one after another, whatever steps or gaps their numbers have. Pictures in
    scene-linear light (EXR) are shown through the sRGB curve.

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
        on_progress: called with the number of frames written; an exception from it ends the merge.

    Raises:
        MergeError: refused (a frame is missing that is not in `failed`, …) or failed; the target stays.
        MediaError: a picture cannot be read.
    """
    entry = check_target(codec, target)
    rate = frame_rate(fps)
    if missing not in ("Hold", "Skip"):
        raise MergeError(f"missing must be Hold or Skip; found {missing!r}")
    found = verify_frames(directory, pattern, frames, min_bytes)
    lost = failed if failed is not None else FrameSet()
    unexplained = found.missing - lost
    if unexplained:
        raise MergeError(
            f"{len(unexplained)} of {len(frames)} frames are not in {directory}: {_some(unexplained)} "
            f"(as {pattern.name(unexplained.first)}, at least {min_bytes} bytes); render them first"
        )
    usable = found.present - lost
    if not usable:
        raise MergeError(f"there is no frame to merge in {directory}")
    shown = frames if missing == "Hold" else usable
    pictures = _pictures(directory.absolute(), pattern, shown, usable)
    expected = len(pictures) if expected_frames is None else expected_frames
    if len(pictures) != expected:
        raise MergeError(f"the sequence has {len(pictures)} frames where {expected} were asked for")
    with staged(pictures, plain_suffix(pictures[0])) as inputs, replacing(target) as temporary:
        source = _source(entry, inputs)
        source = ["-xerror", "-framerate", str(rate), "-start_number", "0", *source]
        output = output_arguments(entry, target)
        arguments = [*source, *output, *extra_args, str(temporary.absolute())]
        encode_pictures(inputs, arguments, on_progress)
        written = require_frames(temporary, target, expected)
    return MergeResult(target, written, float(written / rate))


def _pictures(directory: Path, pattern: FilePattern, shown: FrameSet, usable: FrameSet) -> list[str]:
    """The picture of each frame shown: its own, or the last usable one before it, or the first of all."""
    there = set(usable)
    name = pattern.name(usable.first)
    pictures = []
    for frame in shown:
        if frame in there:
            name = pattern.name(frame)
        pictures.append(f"{directory}/{name}")
    return pictures


def _some(frames: FrameSet, limit: int = 200) -> str:
    text = str(frames)
    return text if len(text) <= limit else text[: text.rfind(",", 0, limit)] + ", …"


def _source(codec: Codec, inputs: Staged) -> list[str]:
    """The numbered pictures as input, and the filters to the codec's form."""
    suffix = plain_suffix(inputs.names[0])
    source = ["-f", "image2", "-i", f"%0{DIGITS}d{suffix}", "-map", "0:v:0", "-fps_mode", "passthrough"]
    if codec.name == "copy":
        return source
    linear = is_linear(suffix)
    options, curve = srgb_curve() if linear else ([], "")
    first = probe_video(inputs.directory / inputs.names[0])
    filters = picture_filters(codec, first.width, first.height, linear=linear, curve=curve)
    return [*options, *source, "-vf", ",".join(filters)]
