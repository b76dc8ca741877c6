"""Options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .completing import STATES, complete_name, complete_state

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
