"""`renderjob convert`: a JobSpec becomes a manifest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def convert(
    jobspec: Annotated[str, typer.Argument(metavar="JOBSPEC", help="A JobSpec as JSON; - is stdin.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, not to stdout.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The job's name.")] = None,
) -> None:
    """Turn a JobSpec into a RenderJob manifest.

    A JobSpec lists chunks with their commands, and a merge command. Commands that differ only in their frame
    numbers become one template, others chunks.explicit.
    """
    import json

    from renderjob.cli.errors import CliError
    from renderjob.cli.exit_codes import ExitCode
    from renderjob.convert import convert_jobspec
    from renderjob.manifest import dump_manifest

    text = sys.stdin.read() if jobspec == "-" else Path(jobspec).read_text()
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CliError(f"{jobspec} is no JSON: {error}", ExitCode.INVALID) from None
    manifest = convert_jobspec(data, name=name) if name else convert_jobspec(data)
    source = "stdin" if jobspec == "-" else Path(jobspec).name
    head = f"# Converted from {source} by renderjob convert.\n# Look at it with: renderjob plan FILE\n"
    result = head + dump_manifest(manifest)
    if output is None:
        print(result, end="")
    else:
        output.write_text(result)
        print(f"{output} is written; look at it with: renderjob plan {output}", file=sys.stderr)
