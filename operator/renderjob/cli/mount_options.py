"""`--mount CONTAINER=DIR`: read, checked, and the directory made when it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

_EXAMPLE = "write --mount CONTAINER=DIR, such as --mount /renders=out"


def read_mounts(values: Sequence[str] | None, *, create: bool) -> dict[str, str]:
    """Container path → absolute directory here.

    Args:
        values: as given on the command line.
        create: make directories that are not there.

    Raises:
        typer.BadParameter: a value that is no mount, with what is accepted.
    """
    table: dict[str, str] = {}
    for value in values or ():
        container, equals, directory = value.partition("=")
        if not equals or not container or not directory:
            raise typer.BadParameter(f"{value!r} has no form CONTAINER=DIR: {_EXAMPLE}", param_hint="--mount")
        if not container.startswith("/") or container.rstrip("/") == "":
            raise typer.BadParameter(
                f"{container!r} is no absolute path in the container: {_EXAMPLE}", param_hint="--mount"
            )
        container, path = container.rstrip("/"), Path(directory).expanduser().absolute()
        if container in table:
            raise typer.BadParameter(f"{container} is mounted twice: {_EXAMPLE}", param_hint="--mount")
        # A single file may be mounted, too: only what is not there at all is made, as a directory.
        if create and not path.exists():
            path.mkdir(parents=True, exist_ok=True)
        table[container] = str(path)
    return table
