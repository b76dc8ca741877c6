"""`renderjob merge` (hidden): an executor's built-in merge, in a process of its own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from renderjob.cli.text import count


def merge(request: Annotated[str, typer.Argument(metavar="REQUEST", help="A JSON file, or packed.")]) -> None:
    """Merge frames or chunk videos as a request says; prints OpenJD progress."""
    from renderjob.cli.errors import CliError
    from renderjob.cli.requests import Percent, read_merge_request
    from renderjob.media import MediaError
    from renderjob.media import merge as merge_media

    percent = Percent()
    try:
        result = merge_media(read_merge_request(request, percent))
    except MediaError as error:
        # The log's last line becomes the job's error: nothing but the sentence.
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    except (KeyError, TypeError, ValueError) as error:
        raise CliError(f"{request[:200]} is no merge request of renderjob: {error}") from None
    print(f"{result.path}: {count(result.frames, 'frame')}, {result.seconds:.2f} s")
