"""`renderjob show` (hidden): a preview, made in a pod beside the frames."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def show(request: Annotated[str, typer.Argument(metavar="REQUEST", help="Packed.")]) -> None:
    """Make the contact sheet or the video that a request names, and print it as text."""
    from renderjob.cli.errors import CliError
    from renderjob.cli.preview.text import read_request, show_as_text
    from renderjob.media import MediaError

    try:
        preview, suffixes = read_request(request)
    except (KeyError, TypeError, ValueError) as error:
        raise CliError(f"{request[:200]} is no request of a preview: {error}") from None
    try:
        for line in show_as_text(preview, suffixes):
            print(line)
    except MediaError as error:
        # The log's last line becomes the user's error: nothing but the sentence.
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
