"""Helios' JobSpec, read and checked: lenient about what is missing, plain about what is nonsense."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .chunk import SourceChunk
from .coverage import coverage_problems
from .errors import ConvertError
from .words import words_of

_FIRST, _LAST = -(2**31), 2**31 - 1


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as Helios' JobManager takes it."""

    id: str | None
    chunks: tuple[SourceChunk, ...]
    """In the order of the file."""
    merge: tuple[str, ...] | None
    notes: Mapping[str, str] = field(default_factory=dict)
    """fps, size and duration, where they are given."""


def read_jobspec(data: object) -> JobSpec:
    """The JobSpec in a JSON value.

    Raises:
        ConvertError: with every problem that was found.
    """
    if not isinstance(data, Mapping):
        raise ConvertError(
            f"found {_short(data)}; accepted: a JobSpec, an object with id, metadata and chunks"
        )
    problems: list[str] = []
    chunks = _chunks(data.get("chunks"), problems)
    metadata = _object(data.get("metadata"), "metadata", problems)
    total = _whole(metadata.get("totalFrames"), "metadata.totalFrames", 1, problems)
    notes = _notes(metadata, problems)
    merge = None
    if data.get("mergeCommand") not in (None, "", []):
        merge = _command(data["mergeCommand"], "mergeCommand", problems)
    identity = _identity(data.get("id"), problems)
    if not problems:
        problems += coverage_problems(chunks, total)
    if problems:
        raise ConvertError(*problems)
    return JobSpec(identity, tuple(chunks), merge, notes)


_FIELDS = ("id", "metadata", "chunks", "mergeCommand")
_METADATA = ("totalFrames", "fps", "width", "height", "duration")
_CHUNK = ("id", "startFrame", "frameCount", "outputFile", "command")


def has_id(data: object) -> bool:
    """Whether a JobSpec says what it is called; its metadata, chunks and merge alone do not."""
    return isinstance(data, Mapping) and data.get("id") is not None


def left_out(data: Mapping[str, Any]) -> str:
    """The fields of a valid JobSpec that are not its own, as `chunks[0].env, priority`; most of them once."""
    found = [str(name) for name in data if name not in _FIELDS]
    found += [f"metadata.{name}" for name in data.get("metadata") or {} if name not in _METADATA]
    first: dict[str, str] = {}
    for index, chunk in enumerate(data["chunks"]):
        for name in chunk:
            if name not in _CHUNK:
                first.setdefault(str(name), f"chunks[{index}].{name}")
    return ", ".join([*found, *first.values()])


def _chunks(given: object, problems: list[str]) -> list[SourceChunk]:
    if not isinstance(given, list) or not given:
        problems.append(f"chunks: found {_short(given)}; accepted: a list of chunks, at least one")
        return []
    found, ids = [], dict[str, int]()
    for index, item in enumerate(given):
        place = f"chunks[{index}]"
        if not isinstance(item, Mapping):
            problems.append(
                f"{place}: found {_short(item)}; accepted: an object with startFrame, frameCount and command"
            )
            continue
        identity = json.dumps(item.get("id"), default=str)
        if item.get("id") is not None and ids.setdefault(identity, index) != index:
            problems.append(f"{place}.id: {identity} is the id of chunks[{ids[identity]}] already")
        before = len(problems)
        start = _whole(item.get("startFrame"), f"{place}.startFrame", _FIRST, problems, needed=True)
        count = _whole(item.get("frameCount"), f"{place}.frameCount", 1, problems, needed=True)
        command = _command(item.get("command"), f"{place}.command", problems)
        output = item.get("outputFile")
        if output is not None and (not isinstance(output, str) or not output or output.endswith("/")):
            problems.append(f"{place}.outputFile: found {_short(output)}; accepted: the name of a file")
        if start is not None and count is not None and start + count - 1 > _LAST:
            problems.append(f"{place}: ends with frame {start + count - 1}; accepted: frames up to {_LAST}")
        if len(problems) == before and start is not None and count is not None:
            found.append(SourceChunk(start, count, command, output))
    return found


def _command(given: object, place: str, problems: list[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        try:
            return tuple(words_of(given, place))
        except ConvertError as error:
            problems.extend(error.problems)
            return ()
    if (
        isinstance(given, list)
        and given
        and all(isinstance(word, str) and "\0" not in word for word in given)
    ):
        return tuple(given)
    problems.append(f"{place}: found {_short(given)}; accepted: a command line, or a list of strings")
    return ()


def _identity(given: object, problems: list[str]) -> str | None:
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    problems.append(f"id: found {_short(given)}; accepted: a string or a whole number")
    return None


def _notes(metadata: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    notes = {}
    fps = _positive(metadata.get("fps"), "metadata.fps", problems)
    if fps is not None:
        notes["fps"] = fps
    width = _whole(metadata.get("width"), "metadata.width", 1, problems)
    height = _whole(metadata.get("height"), "metadata.height", 1, problems)
    if width is not None and height is not None:
        notes["size"] = f"{width}x{height}"
    duration = _positive(metadata.get("duration"), "metadata.duration", problems)
    if duration is not None:
        notes["duration"] = duration
    return notes


def _object(given: object, place: str, problems: list[str]) -> Mapping[str, Any]:
    if given is None or isinstance(given, Mapping):
        return given or {}
    problems.append(f"{place}: found {_short(given)}; accepted: an object")
    return {}


def _whole(given: object, place: str, least: int, problems: list[str], *, needed: bool = False) -> int | None:
    if given is None and not needed:
        return None
    if isinstance(given, int) and not isinstance(given, bool) and least <= given <= _LAST:
        return given
    what = f"a whole number of {least} or more" if least >= 0 else "a whole number"
    problems.append(f"{place}: found {_short(given)}; accepted: {what}")
    return None


def _positive(given: object, place: str, problems: list[str]) -> str | None:
    """A number above 0 in its shortest form: 24.0 is 24."""
    if given is None:
        return None
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < 1e12:
        return str(int(given)) if given == int(given) else str(given)
    problems.append(f"{place}: found {_short(given)}; accepted: a number above 0")
    return None


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
