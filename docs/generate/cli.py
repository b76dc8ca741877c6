"""docs/cli.md: the commands, from their own help."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from markdown import GENERATED, anchor, code, table

from renderjob.cli.errors import EPILOG
from renderjob.cli.main import app
from renderjob.cli.where import WORLDS

WHERE = "Local, or in a cluster"
_EVERYWHERE = "watch"
"""A command whose options that say where are those of all."""
_PLACES = ("--namespace", "--cluster", "--context", "--kubeconfig", "--store")


def page() -> str:
    """The whole page."""
    group: Any = typer.main.get_command(app)
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    places = [record for option, record in _records(commands[_EVERYWHERE]) if option in _PLACES]
    head = [
        "# The commands",
        "`. .venv/bin/activate` in a clone gives you `renderjob`. Every command has `--help`, and "
        "`renderjob --install-completion` has your shell complete commands, names of jobs and states.",
        table(
            ["Command", "Does"],
            [[f"[{name}](#renderjob-{name})", _help(command)[0]] for name, command in commands.items()],
        ),
        f"## {WHERE}",
        f"```\n{inspect.cleandoc(WORLDS.partition(WHERE)[2].lstrip(':'))}\n```",
        table(["Option", "Meaning"], places),
        "## Exit codes",
        table(["Code", "Means"], list(_exit_codes())),
    ]
    parts = [part for name, command in commands.items() for part in _command(name, command, places)]
    return "\n\n".join([GENERATED, *head, *parts]) + "\n"


def _exit_codes() -> Iterator[list[str]]:
    for line in EPILOG.splitlines():
        number, _, meaning = line.strip().partition(" ")
        if number.isdigit():
            yield [code(number), meaning.strip()]


def _help(command: Any) -> list[str]:
    """The paragraphs of a command's help."""
    return [" ".join(part.split()) for part in inspect.cleandoc(command.help).split("\n\n")]


def _command(name: str, command: Any, places: list[list[str]]) -> Iterator[str]:
    yield f"## renderjob {name}"
    pieces = command.collect_usage_pieces(typer.Context(command))
    yield f"```\nrenderjob {name} {' '.join(piece.replace('{', '').replace('}', '') for piece in pieces)}\n```"
    yield from _help(command)
    records = [record for _, record in _records(command)]
    located = all(place in records for place in places)
    own = [record for record in records if not located or record not in places]
    if own:
        yield table(["Argument", "Meaning"], own)
    if located:
        yield f"{'And o' if own else 'O'}ptions that say [where]({anchor(WHERE)})."


def _records(command: Any) -> Iterator[tuple[str, list[str]]]:
    """An argument's name, and how it is written with what it means."""
    context = typer.Context(command)
    for parameter in command.get_params(context):
        if "--help" in parameter.opts:
            continue
        written, meaning = parameter.get_help_record(context)
        if parameter.param_type_name == "argument":
            written = written.split(" <")[0]
        yield parameter.opts[0], [code(written.replace(" <", " ").rstrip(">")), meaning]
