"""Previews of a job's frames: which frames are asked for, where they lie, and the files that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from renderjob.api import RenderJob, frames_of
from renderjob.api.merge_backends import RATE, backend_of
from renderjob.cli.errors import CliError, ExitCode
from renderjob.cli.text import count, say
from renderjob.core.preview import preview_frames
from renderjob.executors.local import output_directory
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import MediaError, Preview
from renderjob.media.target import replacing

if TYPE_CHECKING:
    from renderjob.kube import KubeApi


@dataclass(frozen=True)
class PreviewRequest:
    """What a user asks of a preview."""

    targets: Sequence[Path]
    """The files to make."""
    frames: str | None = None
    """A frame expression; None: the job's preview, or all of its frames."""
    fps: str | None = None
    """None: frames are held, so that a video is as long as the shot."""
    columns: int = 6
    width: int = 240
    directory: Path | None = None
    """Where output.path lies on this machine."""
    image: str | None = None
    """Of a pod that looks in a cluster; None: what the operator says."""
    patience: float = 120
    """Seconds that the pod may take to start."""


def preview_of(job: RenderJob, request: PreviewRequest, directory: Path) -> Preview:
    """What to show of a job.

    Args:
        job: whose frames.
        request: what is asked for.
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
    wanted = (
        frames_of(request.frames) & total if request.frames else (preview_frames(job.spec, total) or total)
    )
    if not wanted:
        raise CliError(
            f"none of the frames {request.frames} is among the frames of {job.key}: {total}", ExitCode.INVALID
        )
    merge = backend_of(job.spec.merge)
    preview = Preview(
        directory=directory,
        pattern=FilePattern(output.pattern),
        wanted=wanted,
        # Of frames that are named, the film is that part of the shot.
        shot=total & FrameSet.parse(f"{wanted.first}-{wanted.last}") if request.frames else total,
        rate=request.fps or (merge.rate if merge is not None else RATE),
        hold=request.fps is None,
        columns=request.columns,
        width=request.width,
        min_bytes=output.min_bytes,
        layer=merge.layer if merge is not None else "",
    )
    try:
        preview.check([target.name for target in request.targets])
    except MediaError as error:
        raise CliError(str(error), ExitCode.INVALID) from None
    return preview


def preview_here(job: RenderJob, request: PreviewRequest) -> str:
    """Make a preview of frames that lie on this machine, and say what is in it. Returns the missing frames.

    Raises:
        CliError: none of them is there.
    """
    preview = preview_of(job, request, request.directory or output_directory(job) or Path())
    found = preview.found()
    if not found.present:
        raise CliError(
            f"none of {count(len(preview.wanted), 'frame')} of {job.key} is in {preview.directory} yet; "
            "say where they lie with --directory"
        )
    for target in request.targets:
        say(f"{target}: {preview.make(target)}")
    return str(found.missing)


async def preview_in_cluster(api: KubeApi, job: RenderJob, request: PreviewRequest) -> str:
    """The same with a pod in a cluster.

    Raises:
        CliError: no image is known, or what the pod's way was barred by.
    """
    from .pod import BY_HAND, show_in_cluster
    from .text import as_request

    preview = preview_of(job, request, Path(job.spec.output.path if job.spec.output else ""))
    image = request.image or job.status.helper_image
    if not image:
        raise CliError(
            f"the operator has not said yet in which image a pod can look at {job.key}: name one with --image; "
            f"{BY_HAND}"
        )
    pod_request = as_request(preview, [target.suffix.lower() for target in request.targets])
    shown = await show_in_cluster(api, job, pod_request, image, request.patience)
    for target, picture in zip(request.targets, shown.pictures, strict=True):
        with replacing(target) as temporary:
            temporary.write_bytes(picture.data)
        say(f"{target}: {picture.words}")
    return shown.missing
