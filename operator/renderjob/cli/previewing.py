"""A look at what is rendered so far: a contact sheet, and a video at a low rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from renderjob.api import RenderJob, frames_of
from renderjob.core.preview import preview_frames
from renderjob.executors.local.mounts import output_directory
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import contact_sheet, merge_sequence, verify_frames

from .errors import CliError
from .exit_codes import ExitCode
from .text import count

MOST = 24
"""Pictures on a sheet at most; of more, as many evenly spread ones."""


@dataclass(frozen=True)
class Pictures:
    """The frames to show, and where they lie."""

    directory: Path
    pattern: FilePattern
    frames: FrameSet
    missing: FrameSet
    """Of what was asked for, what is not rendered yet."""

    def paths(self) -> list[Path]:
        """The pictures, in the order of their frames."""
        return [self.directory / self.pattern.name(frame) for frame in self.frames]


def pictures_of(job: RenderJob, frames: str | None, directory: Path | None) -> Pictures:
    """The pictures of a job that can be shown.

    Args:
        job: whose.
        frames: a frame expression; None: the job's preview, or all of its frames.
        directory: where output.path lies on this machine; None: where the job was run from.

    Raises:
        CliError: no single frame is a file of its own, or none is there.
    """
    output = job.spec.output
    if output is None or output.file is None:
        raise CliError(
            f"{job.key} has no output.file, so its frames are no pictures that can be shown; set output.file",
            ExitCode.INVALID,
        )
    total = frames_of(job.spec.frames)
    wanted = frames_of(frames) & total if frames else (preview_frames(job.spec, total) or total)
    if not wanted:
        raise CliError(
            f"none of the frames {frames} is among the frames of {job.key}: {total}", ExitCode.INVALID
        )
    place = directory or output_directory(job) or Path()
    pattern = FilePattern(output.file)
    found = verify_frames(place, pattern, wanted, output.min_bytes)
    if not found.present:
        raise CliError(
            f"none of {count(len(wanted), 'frame')} of {job.key} is in {place} yet; "
            "say where they lie with --directory"
        )
    return Pictures(place, pattern, found.present, found.missing)


def write_sheet(pictures: Pictures, target: Path, *, columns: int, width: int) -> str:
    """Write a contact sheet; says what is on it."""
    numbers = list(pictures.frames)
    contact_sheet(pictures.paths(), target, numbers=numbers, thumbnails=MOST, columns=columns, width=width)
    shown = min(MOST, len(pictures.frames))
    return f"{target}: {shown} of {count(len(pictures.frames), 'frame')}: {_short(pictures.frames)}"


def write_video(pictures: Pictures, target: Path, fps: str) -> str:
    """Write a video of the frames that are there, at a low rate; says how long it is."""
    result = merge_sequence(pictures.directory, pictures.pattern, pictures.frames, target, fps=fps)
    return f"{result.path}: {count(result.frames, 'frame')}, {result.seconds:.1f}s at {fps} a second"


def _short(frames: FrameSet, most: int = 60) -> str:
    text = str(frames)
    return text if len(text) <= most else f"{text[:most]}…"
