"""docs/cli.md: the commands, from their own help."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from markdown import GENERATED, code, table

from renderjob.cli.exit_codes import EPILOG
from renderjob.cli.main import app


def page() -> str:
    """The whole page."""
    group: Any = typer.main.get_command(app)
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    head = [
        "# The commands",
        "`. .venv/bin/activate` in a clone gives you `renderjob`. Every command has `--help`.",
        table(
            ["Command", "Does"],
            [[f"[{name}](#renderjob-{name})", _first(command)] for name, command in commands.items()],
        ),
        "## Exit codes",
        table(["Code", "Means"], list(_exit_codes())),
    ]
    parts = [part for name, command in commands.items() for part in _command(name, command)]
    return "\n\n".join([GENERATED, *head, *parts]) + "\n"


def _exit_codes() -> Iterator[list[str]]:
    for line in EPILOG.splitlines():
        number, _, meaning = line.strip().partition(" ")
        if number.isdigit():
            yield [code(number), meaning.strip()]


def _first(command: Any) -> str:
    return inspect.cleandoc(command.help).split("\n\n")[0]


def _command(name: str, command: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=f"renderjob {name}")
    yield f"## renderjob {name}"
    usage = " ".join(piece.strip("{}") for piece in command.collect_usage_pieces(context))
    yield f"```\nrenderjob {name} {usage}\n```"
    yield inspect.cleandoc(command.help)
    rows = [_parameter(parameter, context) for parameter in command.get_params(context)]
    rows = [row for row in rows if row]
    if rows:
        yield table(["Argument", "Meaning"], rows)


def _parameter(parameter: Any, context: Any) -> list[str]:
    if "--help" in parameter.opts or getattr(parameter, "hidden", False):
        return []
    names, meaning = parameter.get_help_record(context)
    return [code(names.split(" <")[0]), meaning]
