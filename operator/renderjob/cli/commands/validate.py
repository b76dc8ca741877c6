"""`renderjob validate`: whether manifests are right, before anything runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Manifests; - is stdin.")],
) -> None:
    """Check manifests: a line for each job, or everything that is wrong with all of them."""
    from renderjob.api import frames_of
    from renderjob.cli.exit_codes import ExitCode
    from renderjob.cli.manifests import load
    from renderjob.cli.text import count
    from renderjob.manifest import ManifestError
    from renderjob.planning import layout_of

    good, bad = [], []
    for file in files:
        try:
            for job in load(file):
                frames = count(len(frames_of(job.spec.frames)), "frame")
                size = ", sized while it runs" if job.spec.chunks.target_duration is not None else ""
                chunks = count(layout_of(job.spec).count, "chunk")
                good.append(f"{file}: RenderJob {job.key}: {frames} in {chunks}{size}")
        except ManifestError as error:
            bad.append(str(error))
        except OSError as error:
            bad.append(f"{file}: {error.strerror or error}")
    for line in good:
        print(line)
    for text in bad:
        print(text, file=sys.stderr)
    raise typer.Exit(ExitCode.INVALID if bad else ExitCode.OK)
