"""`renderjob convert`: a JobSpec becomes a manifest."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from renderjob.cli.text import say


def convert(
    jobspec: Annotated[str, typer.Argument(metavar="JOBSPEC", help="A JobSpec as JSON; - is stdin.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, not to stdout.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The job's name; without it, the JobSpec's id or its file's name."),
    ] = None,
) -> None:
    """Turn a JobSpec into a RenderJob manifest.

    A JobSpec lists chunks with their commands, and a merge command. Commands that differ only in their frame
    numbers become one template, others chunks.explicit. A command line becomes the words that Helios makes of it:
    no shell reads it.
    """
    import json

    from renderjob.cli.errors import CliError, ExitCode
    from renderjob.convert import convert_jobspec, has_id, left_out
    from renderjob.manifest import dump_manifest

    raw = sys.stdin.buffer.read() if jobspec == "-" else Path(jobspec).read_bytes()
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise CliError(f"{jobspec} is no JSON: {error}", ExitCode.INVALID) from None
    except RecursionError:
        raise CliError(f"{jobspec} is nested too deeply", ExitCode.INVALID) from None
    if name is None and jobspec != "-" and not has_id(data):
        name = Path(jobspec).stem
    manifest = convert_jobspec(data, name=name)
    dropped = left_out(data)
    if dropped:
        say(f"note: not carried over, since a manifest has no such field: {dropped}", file=sys.stderr)
    home = Path(jobspec).parent if jobspec != "-" else Path()
    path = manifest["spec"].get("output", {}).get("path", "/")
    if not path.startswith("/") and home.resolve() != Path.cwd():
        run = shlex.join(["renderjob", "run", str(output or "FILE"), "--directory", str(home)])
        say(f"note: its relative paths start in {home}, beside the job file: {run}", file=sys.stderr)
    source = "stdin" if jobspec == "-" else Path(jobspec).name
    head = f"# Converted from {source} by renderjob convert.\n# Look at it with: renderjob plan FILE\n"
    result = head + dump_manifest(manifest)
    if output is None:
        say(result, end="")
    else:
        output.write_text(result)
        say(f"{output} is written; look at it with: renderjob plan {output}", file=sys.stderr)
