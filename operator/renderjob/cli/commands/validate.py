"""`renderjob validate`: whether manifests are right, before anything runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from renderjob.cli.text import say


def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Manifests; - is stdin.")],
) -> None:
    """Check manifests, and tell everything that is wrong with them.

    A line for each job that is right. Nothing is started.
    """
    from renderjob.cli.errors import CliError, ExitCode
    from renderjob.cli.manifests import load, size_words
    from renderjob.cli.run.dependencies import in_groups
    from renderjob.manifest import ManifestError

    good, bad = [], []
    for file in files:
        try:
            jobs = [loaded.job for loaded in load(file)]
            in_groups(jobs)
            good += [f"{file}: RenderJob {job.key}: {size_words(job)}" for job in jobs]
        except ManifestError as error:
            bad.append(str(error))
        except CliError as error:
            bad.append(f"{file}: {error}")
        except OSError as error:
            bad.append(f"{file}: {error.strerror or error}")
    for line in good:
        say(line)
    for text in bad:
        say(text, file=sys.stderr)
    raise typer.Exit(ExitCode.INVALID if bad else ExitCode.OK)
