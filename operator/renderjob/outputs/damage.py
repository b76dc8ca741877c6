"""What a check of files finds: which are damaged, and how. Who knows the files' format does the checking."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Damage:
    """What is wrong with files."""

    names: list[str] = field(default_factory=list)
    """Those that are damaged."""
    reasons: list[str] = field(default_factory=list)
    """What is wrong with the first of them, a sentence each."""
    unchecked: list[str] = field(default_factory=list)
    """Why some could not be checked, and count by their size; the first few."""


Check = Callable[[Path, Iterable[str]], Damage]
"""Which of some files below a directory are damaged."""
