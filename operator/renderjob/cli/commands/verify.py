"""`renderjob verify` (hidden): which frames are on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    directory: Annotated[Path, typer.Argument()],
    pattern: Annotated[str, typer.Argument(help="A frame's file, such as ####.png.")],
    frames: Annotated[str, typer.Argument(help="A frame expression.")],
    min_bytes: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Print the missing frames as JSON; exit code 1 when some are."""
    import json

    from renderjob.frames import FilePattern, FilePatternError, FrameExpressionError, parse_expression
    from renderjob.media import verify_frames

    try:
        found = verify_frames(directory, FilePattern(pattern), parse_expression(frames), min_bytes)
    except (FilePatternError, FrameExpressionError) as error:
        raise typer.BadParameter(str(error)) from None
    print(json.dumps({"missing": str(found.missing), "tooSmall": str(found.too_small)}))
    raise typer.Exit(1 if found.missing else 0)
