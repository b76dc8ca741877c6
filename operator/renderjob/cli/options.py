"""Options that commands share: what they are called, how they are read, and what a shell offers for them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .where import Where, where_of

if TYPE_CHECKING:
    from renderjob.api import RenderJob
    from renderjob.executors.local import Given

STATES = ("Pending", "Running", "Merging", "Suspended", "Completed", "Failed", "Cancelled")

_PATIENCE = 2.0
"""Seconds that a cluster may take to answer somebody who presses the tab key."""


def state_named(word: str) -> str:
    """A state, however it is capitalised.

    Raises:
        typer.BadParameter: there is none of this name.
    """
    for state in STATES:
        if word.lower() == state.lower():
            return state
    raise typer.BadParameter(f"{word!r} is no state; choose from {', '.join(STATES)}", param_hint="--state")


def complete_state(incomplete: str) -> list[str]:
    """The states that begin so."""
    return [state for state in sorted(STATES) if state.startswith(incomplete)]


def complete_name(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The jobs whose names begin so, each with its state; nothing when they can't be read."""
    import asyncio

    try:
        jobs = asyncio.run(_jobs(where_of(ctx)))
    except Exception:  # whoever presses a key wants no error
        return []
    except SystemExit:
        return []
    taken = _taken(ctx)
    named = [(job.metadata.name, job.status.state.value) for job in jobs]
    return sorted(
        {(name, state) for name, state in named if name.startswith(incomplete) and name not in taken}
    )


def _taken(ctx: typer.Context) -> set[str]:
    """Names that stand in the command line already."""
    given: Any = ctx.params.get("names") or ()
    return set(given)


async def _jobs(where: Where) -> list[RenderJob]:
    import asyncio

    from .backends import open_backend

    async with asyncio.timeout(_PATIENCE), open_backend(where) as backend:
        return await backend.list()


StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        envvar="RENDERJOB_STORE",
        help="Where local jobs and their logs are kept; else in your directory for state.",
        show_envvar=True,
    ),
]
NamespaceOption = Annotated[
    str | None,
    typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Only look in this namespace."),
]
NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A job's name, namespace/name, or id (6 characters suffice).",
        autocompletion=complete_name,
    ),
]
StateOption = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        metavar="STATE",
        help=f"Only in this state: {', '.join(STATES)}.",
        autocompletion=complete_state,
    ),
]
MountOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mount",
        metavar="CONTAINER=DIR",
        help="Where a path of the container lies here, such as /renders=out. May be given several times.",
    ),
]
EnvOption = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME[=VALUE]",
        help="A variable that the manifest takes from a Secret or a ConfigMap, or one more. NAME alone: as it is here.",
    ),
]
EnvFileOption = Annotated[
    list[str] | None,
    typer.Option(
        "--env-file",
        metavar="[NAME=]FILE",
        help="A file of variables; with NAME=, what the Secret or ConfigMap NAME holds.",
    ),
]
DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        "-C",
        metavar="DIR",
        help="Where relative paths of the manifest start; else here.",
        exists=True,
        file_okay=False,
        resolve_path=True,
    ),
]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Until it has happened, or only ask for it.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait, at most.")
]
RunOption = Annotated[bool, typer.Option("--run", help="Go on here and now, with the live view of `run`.")]


class Output(StrEnum):
    """How `get` prints jobs."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


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
    from renderjob.executors.local import Given

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
