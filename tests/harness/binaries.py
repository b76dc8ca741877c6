"""Where the programs are: where the environment says, or in the user's cache, where `build` puts them."""

from __future__ import annotations

import os
from pathlib import Path

from .build import PROGRAMS, cached

VARIABLES = ("RENDERJOB_TEST_BIN", "KUBEBUILDER_ASSETS")
"""Directories of programs, the first that is set counts."""


class MissingBinariesError(Exception):
    """The programs of a control plane are not there; the message says what to do."""


def find_binaries() -> Path:
    """The directory that holds all of PROGRAMS.

    Raises:
        MissingBinariesError: with the names that are missing, and what brings them.
    """
    for variable in VARIABLES:
        if value := os.environ.get(variable):
            return _complete(
                Path(value), f"{variable} names {value}, where", f"Unset {variable} or add them."
            )
    return _complete(
        cached(),
        f"{cached()} is where the programs of the control plane are built, and there",
        "`make test` builds them, and so does `PYTHONPATH=tests .venv/bin/python -m harness build`: "
        "about ten minutes, once.",
    )


def _complete(directory: Path, where: str, help_: str) -> Path:
    missing = [name for name in PROGRAMS if not os.access(directory / name, os.X_OK)]
    if missing:
        raise MissingBinariesError(f"{where} {', '.join(missing)} cannot be found. {help_}")
    return directory
