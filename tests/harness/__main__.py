"""`python -m harness build | up | down`: build the programs; leave a control plane running; end it."""

from __future__ import annotations

import argparse
import os
import sys
from typing import get_args

from .binaries import VARIABLES, MissingBinariesError, find_binaries
from .build import build
from .components import Profile
from .control_plane import ControlPlaneError
from .standing import down, up


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m harness", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the programs into the user's cache, unless they are there")
    starting = commands.add_parser("up", help="start a control plane and leave it running")
    starting.add_argument("--profile", choices=get_args(Profile), default="fast")
    starting.add_argument("--nodes", type=int, default=3)
    commands.add_parser("down", help="end it")
    told = parser.parse_args(arguments)
    try:
        if told.command == "down":
            return _down()
        _ensure()
        if told.command == "up":
            _up(told.profile, told.nodes)
    except (MissingBinariesError, ControlPlaneError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _ensure() -> None:
    """Build what is missing, unless the environment says where the programs are."""
    if not any(os.environ.get(variable) for variable in VARIABLES):
        build(lambda line: print(line, file=sys.stderr, flush=True))
    find_binaries()


def _up(profile: Profile, nodes: int) -> None:
    plane = up(profile, nodes)
    print(f'export KUBECONFIG="{plane.kubeconfig}" PATH="{plane.layout.binaries}:$PATH"')


def _down() -> int:
    ended = down()
    print("ended" if ended else "none is running", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
