"""`--mount CONTAINER=DIR`, `--env` and `--env-file`: read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from renderjob.executors.local.supplies import Given

_EXAMPLE = "write --mount CONTAINER=DIR, such as --mount /renders=out"


def read_mounts(values: Sequence[str] | None) -> dict[str, str]:
    """Container path → absolute directory here, which need not be there.

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
        table[container] = str(path)
    return table


def read_given(values: Sequence[str] | None, files: Sequence[str] | None) -> Given | None:
    """What `--env` and `--env-file` give; None where neither is there.

    Raises:
        typer.BadParameter: a value that is no variable, or a file that is not there; with what is accepted.
    """
    from renderjob.executors.local.supplies import Given

    if not values and not files:
        return None
    named, inherited = dict[str, str](), []
    for value in values or ():
        name, equals, text = value.partition("=")
        if not name or name.strip() != name:
            raise typer.BadParameter(
                f"{value!r} is no variable: write --env NAME=VALUE, or --env NAME for the value it has here",
                param_hint="--env",
            )
        if equals:
            named[name] = text
        else:
            inherited.append(name)
    return Given(named, tuple(inherited), tuple(map(_env_file, files or ())))


def _env_file(value: str) -> tuple[str, str]:
    path = Path(value).expanduser()
    if path.is_file():
        return "", str(path.absolute())
    name, equals, file = value.partition("=")
    path = Path(file).expanduser()
    if not equals or not name or not path.is_file():
        raise typer.BadParameter(
            f"there is no file {file if equals else value}: write --env-file FILE, or --env-file NAME=FILE for what "
            "the Secret or ConfigMap NAME holds",
            param_hint="--env-file",
        )
    return name, str(path.absolute())
