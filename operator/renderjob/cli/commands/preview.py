"""`renderjob preview`: look at what is rendered so far."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderjob.cli.options import NameArgument
from renderjob.cli.where import Where, located

if TYPE_CHECKING:
    from renderjob.api import RenderJob


@located()
def preview(
    name: NameArgument,
    *,
    where: Where,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The contact sheet: .png or .jpg.")
    ] = Path("preview.png"),
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A video of these frames, too, at a low rate.")
    ] = None,
    fps: Annotated[str, typer.Option(metavar="RATE", help="Of the video.")] = "4",
    frames: Annotated[
        str | None, typer.Option(metavar="EXPR", help="These; else the job's preview, or all that are there.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where output.path lies on this machine.")
    ] = None,
    columns: Annotated[int, typer.Option(metavar="N", min=1, max=20, help="Pictures in a row.")] = 6,
    width: Annotated[int, typer.Option(metavar="PIXELS", min=16, max=2000, help="Of a picture.")] = 240,
) -> None:
    """Make a contact sheet of what is rendered so far.

    Of the preview frames, where the job has some.
    """
    from renderjob.cli.backend import Backend, with_backend
    from renderjob.cli.previewing import pictures_of, write_sheet, write_video

    async def found(backend: Backend) -> tuple[RenderJob, str]:
        job = await backend.find(name)
        return job, backend.place.go_on(job)

    job, go_on = with_backend(where, found)
    pictures = pictures_of(job, frames, directory)
    print(write_sheet(pictures, output, columns=columns, width=width))
    if video is not None:
        print(write_video(pictures, video, fps))
    if pictures.missing:
        print(f"not rendered yet: {pictures.missing}")
    waits = job.spec.preview is not None and not job.spec.preview.approved
    if waits and job.status.state.value == "Suspended":
        print(f"the job waits for a word: {go_on}")
