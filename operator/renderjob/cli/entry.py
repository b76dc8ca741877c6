"""Where the program begins: with next to nothing, so that a Ctrl-C is heard while the rest is still being read."""

from __future__ import annotations

import io
import sys


def run() -> None:
    """The program `renderjob`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows no ✓ gets a ? for it, not an end of the run.
            stream.reconfigure(errors="replace")
    try:
        from .main import run as program

        program()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
