"""Attempts' own directories on this machine, `<root>/<job>-<digest>/<attempt id>`: made, ended, left over, removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from .handles import Held
from .survey import Survey, survey

_ENDED = ".ended"
"""Ends the name of a directory whose attempt is over: by its own path nobody finds it any more."""

_TRIES = 5

_ROUNDS = 40
"""How often as much as may be removed at once is removed."""


def stage(own: Path, files: Sequence[str]) -> None:
    """Make an attempt's directory, empty but for the sub-directories of its files, which most renderers do not make.

    Raises:
        OSError: it can't be made.
    """
    remove_all(own)
    for left in reversed(range(_TRIES)):
        try:
            for file in files:
                (own / file).parent.mkdir(parents=True, exist_ok=True)
            own.mkdir(parents=True, exist_ok=True)
        except (FileNotFoundError, FileExistsError):
            # Another attempt has ended just now, and took the empty directory above away.
            if not left:
                raise
        else:
            return


def close(own: Path) -> Path:
    """End the use of an attempt's directory: whatever still writes to it finds it gone. Returns where it is."""
    ended = own.with_name(own.name.removesuffix(_ENDED) + _ENDED)
    with suppress(FileNotFoundError):
        own.replace(ended)
    return ended


def look_into(own: Path) -> Survey:
    """What an attempt has left in its directory; nothing where there is none.

    Raises:
        OSError: it can't be read.
    """
    try:
        with Held.open(own) as directory:
            return survey(directory)
    except (FileNotFoundError, NotADirectoryError):
        return Survey()


def remove(own: Path) -> None:
    """Remove an attempt's directory, and those above it that are empty then."""
    remove_all(own)
    with suppress(OSError):
        own.parent.rmdir()
        own.parent.parent.rmdir()


def remove_all(directory: Path) -> None:
    """Remove a directory and all that is in it, as far as that goes, however much and however deep it is."""
    with suppress(FileNotFoundError, NotADirectoryError), Held.open(directory.parent) as parent:
        for _ in range(_ROUNDS):
            if parent.remove(directory.name):
                return


def left_over(root: Path, job: str) -> dict[int, Path]:
    """The directories of a job's attempts, by the attempts' ids; `job` is how the names of its groups begin."""
    return {int(own.name.removesuffix(_ENDED)): own for group in _groups(root, job) for own in _in(group)}


def sweep(root: Path, job: str, kept: Collection[Path] = ()) -> None:
    """Remove all directories of a job of which nothing runs, but for those `kept`."""
    groups = _groups(root, job)
    for group in groups:
        if any(own.parent == group for own in kept):
            for own in set(_in(group)) - set(kept):
                remove_all(own)
        else:
            remove_all(group)
    if groups:
        with suppress(OSError):
            root.rmdir()


def _groups(root: Path, job: str) -> list[Path]:
    try:
        return [each for each in root.iterdir() if each.name.startswith(f"{job}-") and each.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _in(group: Path) -> list[Path]:
    # What is over comes last, and counts: a directory that somebody made once more is nobody's.
    there = [each for each in group.iterdir() if each.name.removesuffix(_ENDED).isdecimal()]
    return sorted(there, key=lambda each: each.name.endswith(_ENDED))
