"""Numbered links to files whose names ffmpeg would read as something else.

A quote, a `%`, a newline or a backslash has a meaning in ffmpeg's concat lists and name patterns, and no
quoting covers all of them (a list is split at newlines first). ffmpeg runs inside a temporary directory of
links with plain names instead: the order is the numbering, and any step, gap or repeated frame is simply
the next link.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import MediaError, MergeError
from .exr import extract_part

DIGITS = 9
_NAME = re.compile(rf"\b(\d{{{DIGITS}}})\b(\.\w+)?")
_PLAIN_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


def plain_suffix(name: str) -> str:
    """The file name's extension when it is letters and digits, else nothing (ffmpeg looks inside then)."""
    suffix = Path(name).suffix
    return suffix if _PLAIN_SUFFIX.fullmatch(suffix) else ""


@dataclass(frozen=True)
class Staged:
    """A directory of links, numbered from 0 in the order of `paths`."""

    directory: Path
    paths: Sequence[Path | str]
    names: Sequence[str]

    def explain(self, text: str) -> str:
        """What ffmpeg said, with the links' names replaced by the names of the files they stand for."""

        def real(match: re.Match[str]) -> str:
            index = int(match[1])
            return os.fspath(self.paths[index]) if index < len(self.paths) else match[0]

        return _NAME.sub(real, text)

    def run(self, call: Callable[[], None]) -> None:
        """Call something that runs ffmpeg here; its error speaks of the real files."""
        try:
            call()
        except MergeError as error:
            raise type(error)(self.explain(str(error))) from error


@contextmanager
def staged(
    paths: Sequence[Path | str], suffix: str | None = None, *, parts: Sequence[int] = ()
) -> Iterator[Staged]:
    """Link files under plain numbered names, in order, for as long as the block lasts.

    Args:
        paths: the files; one may come several times.
        suffix: the extension of every link; by default each keeps its own.
        parts: of EXR files, which part of each is meant; another than the first is written out instead of linked.

    Raises:
        MediaError: no temporary directory can be written.
    """
    try:
        holder = tempfile.TemporaryDirectory(prefix="renderjob-", ignore_cleanup_errors=True)
    except OSError as error:
        raise MediaError(
            f"no temporary directory for the merge's list of files: {error}; set TMPDIR to a directory that "
            "can be written (in a pod: mount an emptyDir at /tmp)"
        ) from error
    with holder as directory:
        names = []
        here = Path.cwd()
        for index, path in enumerate(paths):
            name = f"{index:0{DIGITS}d}{plain_suffix(os.fspath(path)) if suffix is None else suffix}"
            if parts and parts[index]:
                extract_part(Path(path), parts[index], Path(directory, name))
                names.append(name)
                continue
            os.symlink(os.path.join(here, path), f"{directory}/{name}")  # noqa: PTH118, PTH211 - 100,000 of them
            names.append(name)
        yield Staged(Path(directory), paths, names)
