"""`renderjob merge` (hidden): an executor's built-in merge, in a process of its own."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from renderjob.media import MergeAnswer


def merge(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="A JSON file, or packed.")],
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write there what it has to say: a pod's termination message.",
        ),
    ] = None,
) -> None:
    """Merge frames or chunk videos as a request says; prints OpenJD progress."""
    from renderjob.cli.errors import CliError
    from renderjob.cli.jobs.requests import Percent, read_merge_request
    from renderjob.media import MediaError, MergeAnswer
    from renderjob.media import merge as merge_media
    from renderjob.outputs import remedy

    percent = Percent()
    try:
        result = merge_media(read_merge_request(request, percent))
    except MediaError as error:
        # The log's last line becomes the job's error: nothing but the sentence.
        answer = MergeAnswer.of(error)
        if report is not None and is_of_pod(report) and isinstance(error.__cause__, OSError):
            advice = remedy(error.__cause__, Path())
            answer = replace(answer, message=f"{answer.message}; {advice}" if advice else answer.message)
        print(answer.message, file=sys.stderr)
        _report(report, answer)
        raise typer.Exit(1) from None
    except (KeyError, TypeError, ValueError) as error:
        raise CliError(f"{request[:200]} is no merge request of renderjob: {error}") from None
    for note in result.notes:
        print(f"note: {note}")
    if result.notes:
        _report(report, MergeAnswer("; ".join(result.notes)))
    print(f"{result.path}: {result.frames} frames, {result.seconds:.2f} s")


def is_of_pod(report: Path) -> bool:
    """Whether an answer is a pod's termination message, and so whoever reads it can edit a template."""
    return report == Path("/dev/termination-log")


def _report(report: Path | None, answer: MergeAnswer) -> None:
    if report is not None:
        # Whoever asked has the log, too.
        with suppress(OSError):
            report.write_text(answer.text())
