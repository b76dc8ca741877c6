"""`renderjob verify` (hidden): which frames are on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="A JSON file, or packed.")],
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the answer here, too: a pod's termination message."),
    ] = None,
) -> None:
    """Look for the files that a request names; prints which frames are present, and which are missing.

    The exit code is 0 whatever was found, and 1 when it could not look.
    """
    from renderjob.cli.errors import CliError
    from renderjob.cli.jobs.requests import look_at, read_document
    from renderjob.frames import EMPTY
    from renderjob.outputs import DENIED, FULL, Look, remedy, told

    try:
        answer = look_at(request)
    except OSError as error:
        if error.errno not in FULL | DENIED:
            raise
        # That is an answer, too: nothing is moved, and nothing is lost, until there is room.
        words = told(error, Path(error.filename or ""))
        if report is not None:
            document = read_document(request)
            if advice := remedy(error, Path(document["directory"])):
                fenced = "; or do without output.fenced" if document.get("fence") else ""
                words = f"{words}; {advice}{fenced}"
        answer = Look(EMPTY, EMPTY, disk=words).answer()
    except (KeyError, TypeError, ValueError) as error:
        raise CliError(f"{request[:200]} is no verify request of renderjob: {error}") from None
    print(answer)
    if report is not None:
        report.write_text(answer)
