"""The chunks' files: the directory that holds them all, and their names below it."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from .chunk import SourceChunk
from .errors import ConvertError


def directory_and_files(chunks: Sequence[SourceChunk]) -> tuple[str, list[str | None]]:
    """The common directory of the chunks' files, and each chunk's file below it; "" where no chunk has one.

    Raises:
        ConvertError: some paths are absolute and some are not, or one leads out of the working directory.
    """
    named = [posixpath.normpath(chunk.output) for chunk in chunks if chunk.output is not None]
    if not named:
        return "", [None] * len(chunks)
    absolute = [posixpath.isabs(path) for path in named]
    if any(absolute) and not all(absolute):
        raise ConvertError(
            f"chunks: outputFile is absolute in {absolute.count(True)} chunks and relative in"
            f" {absolute.count(False)}; accepted: all absolute, or all relative to the working directory"
        )
    outside = next((path for path in named if path.startswith("..")), None)
    if outside is not None:
        raise ConvertError(f"chunks: outputFile {outside!r} leads out of the working directory")
    directory = (
        posixpath.commonpath([posixpath.dirname(path) or "." for path in named]) if all(absolute) else "."
    )
    return directory, [
        None if chunk.output is None else posixpath.relpath(posixpath.normpath(chunk.output), directory)
        for chunk in chunks
    ]
