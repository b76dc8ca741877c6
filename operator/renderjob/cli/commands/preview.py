"""`renderjob preview`: pictures and films of what is rendered so far."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderjob.cli.options import NameArgument
from renderjob.cli.text import say
from renderjob.cli.where import Where, located


@located()
def preview(
    name: NameArgument,
    *,
    where: Where,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A contact sheet (.png, .jpg) or a small video (.mp4, .mov, .mkv, .webm). May be given several "
            "times.  [default: preview.png]",
        ),
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(
            metavar="RATE",
            help="Of a video: each frame once, at this rate. Without it each is held until the next one's time, "
            "so that the video is as long as the shot, at the rate of merge.ffmpeg or 24.",
        ),
    ] = None,
    frames: Annotated[
        str | None, typer.Option(metavar="EXPR", help="These; else the job's preview, or all that are there.")
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where output.path lies on this machine; of a cluster's job, no pod is needed then.",
        ),
    ] = None,
    columns: Annotated[int, typer.Option(metavar="N", min=1, max=20, help="Pictures in a row.")] = 6,
    width: Annotated[int, typer.Option(metavar="PIXELS", min=16, max=2000, help="Of a picture.")] = 240,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="IMAGE", help="Of the pod that looks in a cluster; else the one of the job's operator."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long that pod may take to start.")
    ] = 120,
) -> None:
    """Make a contact sheet, or a small video, of what is rendered so far.

    Of the preview frames, where the job has some. In a cluster a short-lived pod makes it beside the frames, with
    your own rights, and is removed.
    """
    from renderjob.cli.backends import with_backend
    from renderjob.cli.backends.backend import Backend
    from renderjob.cli.preview.request import PreviewRequest

    request = PreviewRequest(
        output or [Path("preview.png")], frames, fps, columns, width, directory, image, timeout
    )

    async def looked(backend: Backend) -> None:
        job = await backend.find(name)
        missing = await backend.show(job, request)
        if missing:
            say(f"not rendered yet: {missing}")
        waits = job.spec.preview is not None and not job.spec.preview.approved
        if waits and job.status.state.value == "Suspended":
            say(f"the job waits for a word: {backend.place.go_on(job)}")

    with_backend(where, looked)
