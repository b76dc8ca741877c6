"""Which view a run gets."""

from __future__ import annotations

from .reporter import Reporter


def reporter_for(*, as_json: bool) -> Reporter:
    """JSON lines when asked for, the live view on a terminal, else plain lines."""
    if as_json:
        from .json_lines import JsonReporter

        return JsonReporter()
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    if console.is_terminal and not console.is_dumb_terminal:
        from .terminal import TerminalReporter

        return TerminalReporter(console)
    from .plain import PlainReporter

    return PlainReporter()
