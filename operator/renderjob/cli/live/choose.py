"""Which view a run gets."""

from __future__ import annotations

from collections.abc import Sequence

from .reporter import Reporter


def reporter_for(*, as_json: bool) -> Reporter:
    """JSON lines when asked for, the live view on a terminal, else plain lines."""
    return reporters_for([""], as_json=as_json)[0]


def reporters_for(names: Sequence[str], *, as_json: bool) -> list[Reporter]:
    """One view of several jobs: a reporter for each of them.

    Args:
        names: of the jobs; they stand before the lines of each where there are several.
        as_json: JSON lines, whatever standard output is.
    """
    if as_json:
        from .json_lines import JsonReporter

        return [JsonReporter() for _ in names]
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    if console.is_terminal and not console.is_dumb_terminal:
        from .terminal import TerminalReporter, View

        view = View(console)
        return [TerminalReporter(console, view, name if names[1:] else "") for name in names]
    from .plain import PlainReporter

    width = max(map(len, names))
    return [PlainReporter(prefix=f"{name:<{width}} | " if names[1:] else "") for name in names]
