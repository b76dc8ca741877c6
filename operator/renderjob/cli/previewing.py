"""A look at a job's frames: which ones, where they lie, and the files that show them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from renderjob.api import RenderJob, frames_of
from renderjob.core.preview import preview_frames
from renderjob.executors.local.mounts import output_directory
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import MediaError, Preview
from renderjob.media.target import replacing

from .errors import CliError
from .exit_codes import ExitCode
from .text import count, say

if TYPE_CHECKING:
    from renderjob.kube import KubeApi

    from .backend import Backend, Look


def preview_of(job: RenderJob, look: Look, directory: Path) -> Preview:
    """What to show of a job.

    Args:
        job: whose frames.
        look: what is asked for.
        directory: where its frames lie, for whoever makes the pictures.

    Raises:
        CliError: no single frame is a file of its own, none is meant, or a file's name says neither sheet nor
            video.
    """
    output = job.spec.output
    if output is None or output.pattern is None:
        raise CliError(
            f"{job.key} has no output.file, so its frames are no pictures that can be shown; set output.file",
            ExitCode.INVALID,
        )
    total = frames_of(job.spec.frames)
    wanted = frames_of(look.frames) & total if look.frames else (preview_frames(job.spec, total) or total)
    if not wanted:
        raise CliError(
            f"none of the frames {look.frames} is among the frames of {job.key}: {total}", ExitCode.INVALID
        )
    preview = Preview(
        directory=directory,
        pattern=FilePattern(output.pattern),
        wanted=wanted,
        # Of frames that are named, the film is that part of the shot.
        shot=total & FrameSet.parse(f"{wanted.first}-{wanted.last}") if look.frames else total,
        rate=look.fps or _rate(job),
        hold=look.fps is None,
        columns=look.columns,
        width=look.width,
        min_bytes=output.min_bytes,
        layer=job.spec.merge.ffmpeg.layer if job.spec.merge and job.spec.merge.ffmpeg else "",
    )
    try:
        preview.check([target.name for target in look.targets])
    except MediaError as error:
        raise CliError(str(error), ExitCode.INVALID) from None
    return preview


async def show(backend: Backend, job: RenderJob, look: Look) -> None:
    """Make the files, here or beside the frames in a cluster, and say what is in them.

    Raises:
        CliError: they can't be made.
    """
    missing = await backend.show(job, look)
    if missing:
        say(f"not rendered yet: {missing}")


def show_here(job: RenderJob, look: Look) -> str:
    """Make a preview of frames that lie on this machine, and say what is in it. Returns the missing frames.

    Raises:
        CliError: none of them is there.
    """
    preview = preview_of(job, look, look.directory or output_directory(job) or Path())
    found = preview.found()
    if not found.present:
        raise CliError(
            f"none of {count(len(preview.wanted), 'frame')} of {job.key} is in {preview.directory} yet; "
            "say where they lie with --directory"
        )
    for target in look.targets:
        say(f"{target}: {preview.make(target)}")
    return str(found.missing)


async def show_there(api: KubeApi, job: RenderJob, look: Look) -> str:
    """The same with a pod in a cluster.

    Raises:
        CliError: no image is known, or what the pod's way was barred by.
    """
    from .preview_pod import BY_HAND, show_in_cluster
    from .preview_text import as_request

    preview = preview_of(job, look, Path(job.spec.output.path if job.spec.output else ""))
    image = look.image or job.status.helper_image
    if not image:
        raise CliError(
            f"the operator has not said yet in which image a pod can look at {job.key}: name one with --image; "
            f"{BY_HAND}"
        )
    request = as_request(preview, [target.suffix.lower() for target in look.targets])
    shown = await show_in_cluster(api, job, request, image, look.patience)
    for target, picture in zip(look.targets, shown.pictures, strict=True):
        with replacing(target) as temporary:
            temporary.write_bytes(picture.data)
        say(f"{target}: {picture.words}")
    return shown.missing


def _rate(job: RenderJob) -> str:
    """Of the shot: as its merge says, or 24."""
    merge = job.spec.merge.ffmpeg if job.spec.merge else None
    return merge.fps if merge is not None else "24"
