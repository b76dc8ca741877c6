"""The merge of a render, from one value: an image sequence or chunk videos into one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from renderjob.frames import FilePattern, FrameSet

from .concat import concat_videos
from .errors import MergeError
from .ffmpeg import Progress
from .result import FrameRate, MergeResult
from .sequence import Missing, merge_sequence


@dataclass(frozen=True)
class MergeRequest:
    """What is merged, from where and into what; the same on a laptop and in a Job.

    Attributes:
        directory: where frames or chunk videos lie.
        file: the result's name below `directory`, or an absolute path.
        pattern: the frames' names, for a sequence.
        frames: the frames of the result.
        failed: frames that are tolerated as missing.
        missing: what a failed frame becomes, `Hold` or `Skip`.
        parts: chunk videos in order, below `directory` or absolute; when there are any, they are joined.
        part_frames: the frames of each of them, where that is known.
        fps: frames a second; None is 24 for a sequence, and the chunks' own for chunks.
        codec: a name of `codecs.CODECS`.
        min_bytes: a smaller picture counts as missing.
        expected_frames: the frames the result must have; by default as many as its inputs give.
        extra_args: more output options for ffmpeg.
        layer: of multi-layer EXR.
        trial: whether it can be made, and nothing is kept; of parts, whether more such can be joined.
        on_progress: called with the number of frames written; an exception from it ends the merge.
    """

    directory: Path
    file: str
    pattern: FilePattern | None = None
    frames: FrameSet = field(default_factory=FrameSet)
    failed: FrameSet = field(default_factory=FrameSet)
    missing: Missing = "Hold"
    parts: tuple[str, ...] = ()
    part_frames: tuple[FrameSet, ...] = ()
    fps: FrameRate | None = None
    codec: str = "h264"
    min_bytes: int = 1
    expected_frames: int | None = None
    extra_args: tuple[str, ...] = ()
    layer: str = ""
    trial: bool = False
    on_progress: Progress | None = None


def merge(request: MergeRequest) -> MergeResult:
    """Merge; the result appears whole or not at all, and what it is made from is kept.

    Raises:
        BadInputsError: inputs are bad; names all of them.
        MergeError: refused or failed, with a sentence that says what to do; an older result is untouched.
        MediaError: an input cannot be read; names it.
        FFmpegNotFoundError: no ffmpeg on this machine.
    """
    target = request.directory / request.file
    if request.parts:
        return concat_videos(
            [request.directory / part for part in request.parts],
            target,
            codec=request.codec,
            fps=request.fps,
            expected_frames=request.expected_frames,
            part_frames=request.part_frames,
            extra_args=request.extra_args,
            on_progress=request.on_progress,
            trial=request.trial,
        )
    if request.pattern is None:
        raise MergeError(
            "nothing tells what to merge: set output.file (such as ####.png) for a sequence, or give chunks "
            "an output each"
        )
    return merge_sequence(
        request.directory,
        request.pattern,
        request.frames,
        target,
        fps=24 if request.fps is None else request.fps,
        codec=request.codec,
        failed=request.failed,
        missing=request.missing,
        min_bytes=request.min_bytes,
        expected_frames=request.expected_frames,
        extra_args=request.extra_args,
        layer=request.layer,
        on_progress=request.on_progress,
        trial=request.trial,
    )
