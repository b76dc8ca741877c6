"""The chunks' files: the directory that holds them all, and their names below it."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from .chunk import SourceChunk
from .errors import ConvertError


def directory_and_files(chunks: Sequence[SourceChunk]) -> tuple[str, list[str | None]]:
    """The common directory of the chunks' files, and each chunk's file below it; "" where no chunk has one.

    Relative paths start in the job file's directory, and may lead out of it (`../out/part_0.mov`).

    Raises:
        ConvertError: some paths are absolute and some are not, or no directory holds them all.
    """
    named = [posixpath.normpath(chunk.output) for chunk in chunks if chunk.output is not None]
    if not named:
        return "", [None] * len(chunks)
    absolute = [posixpath.isabs(path) for path in named]
    if any(absolute) and not all(absolute):
        raise ConvertError(
            f"chunks: outputFile is absolute in {absolute.count(True)} chunks and relative in"
            f" {absolute.count(False)}; accepted: all absolute, or all relative to the job file's directory"
        )
    directory = (
        posixpath.commonpath([posixpath.dirname(path) for path in named])
        if all(absolute)
        else _relative(named)
    )
    return directory, [None if chunk.output is None else below(directory, chunk.output) for chunk in chunks]


def below(directory: str, path: str) -> str | None:
    """The name of a path below a directory, both absolute or both relative; None where it is not below."""
    path = posixpath.normpath(path)
    if posixpath.isabs(path) != posixpath.isabs(directory):
        return None
    ups, parts = _parts(directory)
    path_ups, path_parts = _parts(path)
    if path_ups != ups or path_parts[: len(parts)] != parts or len(path_parts) <= len(parts):
        return None
    return "/".join(path_parts[len(parts) :])


def _parts(path: str) -> tuple[int, list[str]]:
    """How far a normal path leads up, and the names that follow."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    ups = parts.count("..")
    return ups, parts[ups:]


def _relative(named: Sequence[str]) -> str:
    """The directory below which all relative paths lie: the working directory, or one above or beside it."""
    split = [_parts(path) for path in named]
    ups = {up for up, _ in split}
    if ups == {0}:
        return "."
    if len(ups) != 1:
        inside = next(path for path, (up, _) in zip(named, split, strict=True) if up != max(ups))
        outside = next(path for path, (up, _) in zip(named, split, strict=True) if up == max(ups))
        raise ConvertError(
            f"chunks: outputFile {outside!r} leads out of the directory of {inside!r}, and no path says where both"
            " lie; accepted: all below one directory, such as ../out"
        )
    directories = [posixpath.dirname("/" + "/".join(parts)) for _, parts in split]
    common = posixpath.commonpath(directories).strip("/")
    return "/".join([*[".."] * max(ups), *([common] if common else [])])
